"""A claim by ranks: what no monotone transform of the scores changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taxon.studies.statistics.bootstrap import interval
from taxon.studies.statistics.comparison import Row
from taxon.studies.statistics.estimate import Interval
from taxon.studies.statistics.frozen import Cell, Treatment
from taxon.studies.statistics.improvement import probability
from taxon.studies.statistics.results import Claim
from taxon.studies.statistics.student import Floats


@dataclass(frozen=True)
class Ranks:
    """sum weight P(on > off) over a claim's comparisons: by environment, their mean, and its bootstrap interval.

    Of an effect it is the probability of improvement, of an interaction the difference of two such. `environments` has
    those where all rows have scores, and of a walk the rungs of the first one; `value` is None if none has, `interval`
    where the bootstrap has none.
    """

    environments: Mapping[str, float]
    value: float | None
    interval: Interval | None


def ranks(
    claim: Claim,
    cells: Mapping[tuple[Row, str], Cell],
    environments: Sequence[str],
    failure: Treatment = Treatment.FLOOR,
    alpha: float = 0.05,
) -> Ranks:
    """The ranks of a claim. -inf is the lowest rank; scores need no scale."""
    shape = [pair.weight for pair in claim.comparisons]
    alike = [name for name in environments if [pair.weight for pair in claim.at(name)] == shape]
    sides = {name: [row for pair in claim.at(name) for row in (pair.on, pair.off)] for name in alike}
    scores = {
        (row, name): cells[row, name].treated(failure)
        for name, own in sides.items()
        for row in own
        if (row, name) in cells
    }
    whole = [name for name, own in sides.items() if all(len(scores.get((row, name), ())) for row in own)]
    if not whole:
        return Ranks({}, None, None)
    # a side of a comparison is one row, or another one on each environment
    slots = [*zip(*(sides[name] for name in whole), strict=True)]
    rows = [*dict.fromkeys(slots)]

    def difference(x: Mapping[tuple[Row, ...], Sequence[Floats]], place: int) -> Any:
        pairs = zip(slots[::2], slots[1::2], shape, strict=True)
        return sum(weight * probability(x[on][place], x[off][place]) for on, off, weight in pairs)

    def statistic(*groups: Sequence[Floats]) -> Any:
        by_row = dict(zip(rows, groups, strict=True))
        return sum(difference(by_row, place) for place in range(len(whole))) / len(whole)

    groups = [[scores[row, name] for row, name in zip(slot, whole, strict=True)] for slot in rows]
    by_row = dict(zip(rows, groups, strict=True))
    bounds = interval(statistic, groups, alpha)
    # lengthened deviations may leave what probabilities can be
    least = sum(min(weight, 0.0) for weight in shape)
    most = sum(max(weight, 0.0) for weight in shape)
    return Ranks(
        {name: float(difference(by_row, place)) for place, name in enumerate(whole)},
        float(statistic(*groups)),
        None if bounds is None else (max(bounds[0], least), min(bounds[1], most)),
    )
