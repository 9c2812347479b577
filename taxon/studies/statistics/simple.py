"""The simple effects behind a claim, and whether they change sign."""

from __future__ import annotations

from collections.abc import Sequence

from taxon.studies.statistics.comparison import Comparison, weights
from taxon.studies.statistics.estimation import Cells, within
from taxon.studies.statistics.holm import holm
from taxon.studies.statistics.results import Crossing, Finding


def effects(
    comparisons: Sequence[Comparison], cells: Cells, environments: Sequence[str], alpha: float
) -> dict[str, tuple[Finding, ...]]:
    """A finding for each comparison on each environment: interval, p against 0, and Holm's p over environments."""
    columns = []
    for comparison in comparisons:
        found = [within({comparison.on: 1.0, comparison.off: -1.0}, cells, name) for name in environments]
        tested = [estimate.p() for estimate in found]
        adjusted = holm([1.0 if p is None else p for p in tested])
        columns.append(
            [
                Finding(estimate, alpha, p=p, adjusted=None if p is None else corrected)
                for estimate, p, corrected in zip(found, tested, adjusted, strict=True)
            ]
        )
    return {name: tuple(column[place] for column in columns) for place, name in enumerate(environments)}


def crossings(
    comparisons: Sequence[Comparison], cells: Cells, environments: Sequence[str], alpha: float
) -> dict[str, Crossing]:
    """For an interaction, whether the effects that it subtracts have the opposite sign of those that it adds.

    An environment without both estimates is left out; so are all where every weight has one sign.
    """
    sides = [[c for c in comparisons if sign * c.weight > 0] for sign in (1, -1)]
    if not all(sides):
        return {}
    found: dict[str, Crossing] = {}
    for name in environments:
        added, subtracted = (within(weights(side), cells, name) for side in sides)
        if added.value is None or subtracted.value is None:
            continue
        # the subtracted side has negative weights: equal signs of the two contrasts are opposite effects
        intervals = [estimate.interval(alpha) for estimate in (added, subtracted)]
        clear = all(interval is not None and interval[0] * interval[1] > 0 for interval in intervals)
        crosses = added.value * subtracted.value > 0
        found[name] = Crossing(crosses, crosses and clear)
    return found
