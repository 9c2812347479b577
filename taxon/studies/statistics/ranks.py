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
    those where all rows have scores; `value` is None if none has, `interval` where the bootstrap has none.
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
    rows = [*dict.fromkeys(row for c in claim.comparisons for row in (c.on, c.off))]
    scores = {key: cell.treated(failure) for key, cell in cells.items() if key[0] in rows}
    whole = [name for name in environments if all(len(scores.get((row, name), ())) for row in rows)]
    if not whole:
        return Ranks({}, None, None)

    def difference(x: Mapping[Row, Sequence[Floats]], place: int) -> Any:
        return sum(c.weight * probability(x[c.on][place], x[c.off][place]) for c in claim.comparisons)

    def statistic(*groups: Sequence[Floats]) -> Any:
        by_row = dict(zip(rows, groups, strict=True))
        return sum(difference(by_row, place) for place in range(len(whole))) / len(whole)

    groups = [[scores[row, name] for name in whole] for row in rows]
    by_row = dict(zip(rows, groups, strict=True))
    bounds = interval(statistic, groups, alpha)
    # lengthened deviations may leave what probabilities can be
    least = sum(min(c.weight, 0.0) for c in claim.comparisons)
    most = sum(max(c.weight, 0.0) for c in claim.comparisons)
    return Ranks(
        {name: float(difference(by_row, place)) for place, name in enumerate(whole)},
        float(statistic(*groups)),
        None if bounds is None else (max(bounds[0], least), min(bounds[1], most)),
    )
