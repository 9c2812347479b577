"""The page of the shipped specs: the row of each as Table 1 prints it, what it says of itself, and its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from taxon.cli.list_ import shipped
from taxon.data import specs_dir
from taxon.diagnostics.source import Source
from taxon.semantics import load_spec, row_hash
from taxon.semantics.loading import shipped_names
from taxon.syntax import parse, tree
from taxon.taxonomy import FACTORS
from taxon.taxonomy.schema import Row
from taxon.taxonomy.table import cells
from writers.markdown import anchor, block, code, page, prose, table

INTRODUCTION = """\
The specs that ship with taxon, as `taxon list` names them. `import std.sac` imports one, `taxon show sac` prints it
with every leaf written out. Those that extend no other have their [equations](derivations/index.md) here too."""


def shipped_rows() -> list[Row]:
    """The rows of the shipped specs, without an environment, in the order of their names."""
    rows = (load_spec(name).row for name in shipped_names())
    return [row for row in rows if row is not None]


def extends_none(name: str) -> bool:
    """Whether a shipped spec stands for itself."""
    declared = parse(Source(name, _text(name)))[0].declarations
    return not any(isinstance(each, tree.Algorithm) and each.parent for each in declared)


def write(rows: Sequence[Row]) -> str:
    head = ["spec", *(code(factor) for factor in FACTORS)]
    entries = ([f"[{row.name}](#{anchor(row.name)})", *map(prose, cells(row).values())] for row in rows)
    parts = ["## Table 1", table(head, entries), "## The specs"]
    for row in rows:
        parts += _spec(row)
    architectures = [each for each in shipped() if each.architecture]
    parts += ["## Architectures", "Groups of code-level choices that a spec takes with `with`."]
    parts.append(
        table(["name", "import", "what it is"], ([code(a.name), code(a.file), prose(a.doc)] for a in architectures))
    )
    for file in dict.fromkeys(each.file.removeprefix("std.") for each in architectures):
        parts.append(block(_text(file)))
    return page("Specs", INTRODUCTION, parts)


def _spec(row: Row) -> Iterator[str]:
    yield f"### {row.name}"
    yield from (prose(paragraph) for paragraph in row.doc.split("\n\n"))
    yield table(["factor", "entry"], ([code(path), prose(entry)] for path, entry in cells(row).items()))
    equations = f", [equations](derivations/{row.name}.md)" if extends_none(row.name) else ""
    yield f"Row: {code(row_hash(row))}{equations}"
    yield block(_text(row.name))


def _text(name: str) -> str:
    return (specs_dir() / f"{name}.tx").read_text(encoding="utf-8").rstrip()
