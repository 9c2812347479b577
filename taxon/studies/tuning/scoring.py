"""What a trial comes to: one number over its seeds and environments, at its end and at each evaluation before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxon.semantics.tuning import Tune
from taxon.studies.statistics.contrast import contrast
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.estimate import Estimate
from taxon.studies.statistics.frozen import Cell, Treatment
from taxon.studies.statistics.moments import Moments

Floors = Mapping[str, float]  # a random policy's return by environment


@dataclass(frozen=True)
class Curve:
    """A seed's evaluations by their number, from 0 on, and whether it froze, after which there are no more."""

    returns: Mapping[int, float]
    frozen: bool


def scored(tune: Tune, cells: Mapping[str, Cell]) -> Estimate | None:
    """The mean over environments of the mean over seeds, with its error over seeds; None while a frozen seed waits for
    its environment's random policy to be measured.

    cells: the scores by environment, in returns.
    """
    moments: dict[str, Moments] = {}
    for environment, cell in cells.items():
        try:
            values = cell.treated(Treatment(tune.failure))
        except StatisticsError:
            return None
        low, high = (0.0, 1.0) if len(cells) == 1 else tune.scale[environment]
        moments[environment] = Moments.of([(value - low) / (high - low) for value in values])
    return contrast(dict.fromkeys(moments, 1 / len(moments)), moments)


def intermediate(tune: Tune, curves: Mapping[str, Sequence[Curve]], floors: Floors, most: int) -> dict[int, float]:
    """The means at the evaluations that every seed of a trial has reached, numbered from 1 on up to `most`, without a
    gap; from where a mean is not finite on there are none."""
    found: dict[int, float] = {}
    for number in range(1, most + 1):
        cells = {name: _cell(own, number, floors.get(name)) for name, own in curves.items()}
        if any(cell is None for cell in cells.values()):
            break
        estimate = scored(tune, {name: cell for name, cell in cells.items() if cell is not None})
        if estimate is None or estimate.value is None or not math.isfinite(estimate.value):
            break
        found[number] = estimate.value
    return found


def _cell(curves: Sequence[Curve], number: int, floor: float | None) -> Cell | None:
    """The seeds at an evaluation; None where one of them is still to come to it. A frozen one stays at its last."""
    values: list[float] = []
    for curve in curves:
        if number not in curve.returns and not curve.frozen:
            return None
        last = max((at for at in curve.returns if at <= number), default=None)
        values.append(math.nan if last is None else curve.returns[last])
    frozen = [number not in curve.returns for curve in curves]
    return Cell(values, frozen, floor)
