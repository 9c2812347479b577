"""The pages of the equations: what `taxon derive` prints of each shipped spec that extends no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from taxon.derivation import derive, rendering
from taxon.taxonomy.schema import Row
from writers.markdown import WRITTEN, contents, page
from writers.specs import extends_none

INTRODUCTION = """\
What the specs compute, with their numbers, as `taxon derive SPEC --format markdown` prints it. The command also names
the lines of `taxon emit` behind each equation, and derives any other row. [How to read them](../../derive.md)."""


def pages(rows: Sequence[Row]) -> dict[str, str]:
    """The index and a page for each row that stands for itself, by file name."""
    shown = [row for row in rows if extends_none(row.name)]
    links = "\n".join(f"- [{row.name}]({row.name}.md)" for row in shown)
    return {
        "index.md": page("Equations", INTRODUCTION, [links, contents(f"{row.name}.md" for row in shown)]),
        **{f"{row.name}.md": _page(row) for row in shown},
    }


def _page(row: Row) -> str:
    """The derivation without the lines of the module, which move with every change of a template."""
    derivation = derive(row)
    steps = tuple(replace(step, places=()) for step in derivation.steps)
    title, rest = rendering.markdown(replace(derivation, steps=steps)).split("\n", 1)
    return f"{title}\n\n{WRITTEN}\n{rest}\n"
