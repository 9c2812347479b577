"""The simple effects behind a claim, and whether they change sign."""

from __future__ import annotations

from collections.abc import Sequence

from taxon.studies.statistics.comparison import Comparison, weights
from taxon.studies.statistics.estimate import Estimate
from taxon.studies.statistics.estimation import Cells, within
from taxon.studies.statistics.holm import holm
from taxon.studies.statistics.results import Claim, Crossing, Finding


def effects(claim: Claim, cells: Cells, environments: Sequence[str], alpha: float) -> dict[str, tuple[Finding, ...]]:
    """A finding for each comparison on each environment: interval, p against 0, and Holm's p over environments."""
    findings: dict[str, list[Finding]] = {name: [] for name in environments}
    for place in range(max(len(claim.at(name)) for name in environments)):
        found = {
            name: _simple(claim.at(name)[place], cells, name) for name in environments if place < len(claim.at(name))
        }
        tested = [estimate.p() for estimate in found.values()]
        adjusted = holm([1.0 if p is None else p for p in tested])
        for (name, estimate), p, corrected in zip(found.items(), tested, adjusted, strict=True):
            findings[name].append(Finding(estimate, alpha, p=p, adjusted=None if p is None else corrected))
    return {name: tuple(own) for name, own in findings.items()}


def _simple(comparison: Comparison, cells: Cells, environment: str) -> Estimate:
    """The simple effect; of rows that are equal on this environment alone it is 0 without an interval."""
    if comparison.on == comparison.off:
        return Estimate(0.0, 0.0, None, 0, "the rows are equal there")
    return within({comparison.on: 1.0, comparison.off: -1.0}, cells, environment)


def crossings(claim: Claim, cells: Cells, environments: Sequence[str], alpha: float) -> dict[str, Crossing]:
    """For an interaction, whether the effects that it subtracts have the opposite sign of those that it adds.

    An environment without both estimates is left out; so are all where every weight has one sign.
    """
    found: dict[str, Crossing] = {}
    for name in environments:
        sides = [weights(pair for pair in claim.at(name) if sign * pair.weight > 0) for sign in (1, -1)]
        if not all(sides):
            continue
        added, subtracted = (within(side, cells, name) for side in sides)
        if added.value is None or subtracted.value is None:
            continue
        # the subtracted side has negative weights: equal signs of the two contrasts are opposite effects
        intervals = [estimate.interval(alpha) for estimate in (added, subtracted)]
        clear = all(interval is not None and interval[0] * interval[1] > 0 for interval in intervals)
        crosses = added.value * subtracted.value > 0
        found[name] = Crossing(crosses, crosses and clear)
    return found
