"""What stands at a path where rows differ, as it is shown."""

from __future__ import annotations

from collections.abc import Sequence

from taxon.semantics.canonical import value_text
from taxon.taxonomy.difference import Difference, compare, verdict
from taxon.taxonomy.schema import Row
from taxon.taxonomy.table import cells


def difference_text(difference: Difference, at: int, rows: Sequence[Row]) -> str:
    """The value of one of the rows that are compared; a dash where it has none.

    Table 1 prints a clipped ratio and a penalty alike: where it hides that two sides differ, values are shown.
    """
    if difference.leaves[at] is None:
        return "-"
    texts = [value_text(row, difference.path) if difference.path in row else "-" for row in rows]
    if difference.factor:
        entries = [cells(row)[difference.path] for row in rows]
        return (entries if len(set(entries)) == len(set(texts)) else texts)[at]
    return texts[at]


def difference_page(before: Row, after: Row) -> str:
    """What sets a row apart from another, a line for each path, below the verdict."""
    found = compare(before, after)
    lines = [f"{before.name} -> {after.name}: {verdict(found)}"]
    for difference in found:
        if difference.differs:
            path = difference.path
            old, new = (value_text(side, path) if path in side else "-" for side in (before, after))
            lines.append(f"{path}: {old} -> {new}")
    return "\n".join(lines) + "\n"
