"""The shipped spec that a row is nearest to, and what sets it apart from that."""

from __future__ import annotations

from taxon.data import specs_dir
from taxon.semantics import load_spec, value_text
from taxon.taxonomy.difference import Difference, compare, verdict
from taxon.taxonomy.rules.environment import Actions
from taxon.taxonomy.schema import Row


def nearest(row: Row, environment: str, actions: Actions) -> tuple[Row, list[Difference]]:
    """Of the shipped specs, as they are in an environment with such actions, the one with the fewest differences."""
    best: tuple[int, Row, list[Difference]] | None = None
    for path in sorted(specs_dir().glob("*.tx")):
        other = load_spec(path.stem, (), environment, actions).row
        if other is None:  # the file declares no algorithm
            continue
        found = [difference for difference in compare(other, row) if difference.differs]
        if best is None or len(found) < best[0]:
            best = len(found), other, found
    if best is None:
        raise FileNotFoundError("no specs are shipped")
    return best[1:]


def lines(parent: Row, row: Row, found: list[Difference]) -> list[str]:
    """A verdict, and two lines for every difference, as in a patch."""
    shown = [verdict(compare(parent, row)), ""]
    for difference in found:
        for sign, side in (("-", parent), ("+", row)):
            if difference.path in side:
                shown.append(f"{sign} {difference.path} = {value_text(side, difference.path)}")
    return shown
