"""The pages of the shipped specs: Table 1, and of each what it says of itself, its text and its row."""

from __future__ import annotations

from collections.abc import Sequence

from taxon.cli.commands.list_ import shipped
from taxon.data import specs_dir
from taxon.diagnostics.source import Source
from taxon.semantics import load_spec, row_hash
from taxon.semantics.loading import shipped_names
from taxon.syntax import parse, tree
from taxon.taxonomy import FACTORS
from taxon.taxonomy.schema import Row
from taxon.taxonomy.table import cells
from writers.choices import place
from writers.markdown import block, code, contents, link, page, prose, table

INTRODUCTION = """\
The specs that ship with taxon, as `taxon list` names them. `import std.sac` imports one, `taxon show sac` prints it
with every leaf written out. Those that extend no other have their [equations](../derivations/index.md) here too."""


def shipped_rows() -> list[Row]:
    """The rows of the shipped specs, without an environment, in the order of their names."""
    rows = (load_spec(name).row for name in shipped_names())
    return [row for row in rows if row is not None]


def extends_none(name: str) -> bool:
    """Whether a shipped spec stands for itself."""
    return not _parent(name)


def _parent(name: str) -> str:
    """The spec that a shipped one extends, or nothing."""
    declared = parse(Source(name, _text(name)))[0].declarations
    parents = [each.parent.names[-1].text for each in declared if isinstance(each, tree.Algorithm) and each.parent]
    return parents[0] if parents else ""


def pages(rows: Sequence[Row]) -> dict[str, str]:
    """The index with Table 1 and a page for each spec, by file name."""
    return {"index.md": _index(rows), **{f"{row.name}.md": _spec(row) for row in rows}}


def _index(rows: Sequence[Row]) -> str:
    head = ["spec", *(code(factor) for factor in FACTORS)]
    table_1 = table(head, (_entry(row) for row in rows if extends_none(row.name)))
    variants = (
        [_linked(row), link(parent, f"{parent}.md"), _summary(row)] for row in rows if (parent := _parent(row.name))
    )
    architectures = [each for each in shipped() if each.architecture]
    described = ([code(each.name), code(each.file), prose(each.doc)] for each in architectures)
    groups = table(["name", "import", "what it is"], described)
    files = dict.fromkeys(each.file.removeprefix("std.") for each in architectures)
    parts = [
        "## Rows as Table 1 prints them",
        table_1,
        "## Variants",
        table(["spec", "extends", "what it is"], variants),
    ]
    parts += ["## Architectures", "Groups of code-level choices that a spec takes with `with`."]
    parts += [groups, *(block(_text(file), "tx") for file in files)]
    return page("Specs", INTRODUCTION, [*parts, contents(f"{row.name}.md" for row in rows)])


def _entry(row: Row) -> list[str]:
    return [_linked(row), *map(prose, cells(row).values())]


def _linked(row: Row) -> str:
    return link(row.name, f"{row.name}.md")


def _summary(row: Row) -> str:
    return prose(row.doc.split("\n\n")[0])


def _spec(row: Row) -> str:
    introduction, *rest = (prose(paragraph) for paragraph in row.doc.split("\n\n"))
    equations = f", [equations](../derivations/{row.name}.md)" if extends_none(row.name) else ""
    factors = ([link(path, f"../choices/{place(path)}"), prose(entry)] for path, entry in cells(row).items())
    parts = [*rest, block(_text(row.name), "tx"), table(["factor", "entry"], factors)]
    parts.append(f"Row: {code(row_hash(row))}{equations}. [All specs](index.md).")
    return page(code(row.name), introduction, parts)


def _text(name: str) -> str:
    return (specs_dir() / f"{name}.tx").read_text(encoding="utf-8").rstrip()
