"""A contrast of independent cells: L = sum w m, its standard error, and the degrees of freedom of both."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np

from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.estimate import FEWEST, Estimate
from taxon.studies.statistics.moments import Moments
from taxon.studies.statistics.student import Floats

Key = TypeVar("Key", bound=Hashable)


def welch(weights: Floats, means: Floats, variances: Floats, counts: Floats) -> tuple[Floats, Floats, Floats]:
    """L, SE and df over the last axis, which is that of cells: [..., C] each, and [...] each.

    SE^2 = sum w^2 s^2 / n; df = SE^4 / sum (w^2 s^2 / n)^2 / (n - 1) (Welch 1947, Satterthwaite 1946). With SE = 0 df
    is NaN. The seeds of different cells are independent and never paired; counts are at least 2.
    """
    parts = np.square(weights) * variances / counts
    squared = parts.sum(-1)
    below = (np.square(parts) / (counts - 1)).sum(-1)
    df = np.divide(np.square(squared), below, out=np.full_like(squared, np.nan), where=below > 0)
    return (weights * means).sum(-1), np.sqrt(squared), df


def contrast(weights: Mapping[Key, float], cells: Mapping[Key, Moments]) -> Estimate:
    """The contrast that weighs each cell's mean; a cell of weight 0 does not count, one that is missing has no seeds.

    StatisticsError if no weight is left. An estimate without value, interval or p says why (`reason`).
    """
    used = {key: weight for key, weight in weights.items() if weight != 0}
    if not used:
        raise StatisticsError("a contrast has a cell whose weight is not 0")
    taken = [cells.get(key, Moments(0, None, None)) for key in used]
    seeds, least = max(cell.n for cell in taken), min(cell.n for cell in taken)
    if least == 0:
        return Estimate.without("a cell has no scores", seeds)
    if any(cell.mean is None for cell in taken):
        return Estimate.without("a score is -inf", seeds)
    value = math.fsum(weight * (cell.mean or 0.0) for weight, cell in zip(used.values(), taken, strict=True))
    if least < FEWEST:
        return Estimate(value, None, None, seeds, f"fewer than {FEWEST} seeds")
    _, se, df = welch(
        np.array([*used.values()], np.float64),
        np.array([cell.mean for cell in taken], np.float64),
        np.array([cell.variance for cell in taken], np.float64),
        np.array([cell.n for cell in taken], np.float64),
    )
    if not df > 0:
        return Estimate(value, 0.0, None, seeds, "seeds do not differ")
    return Estimate(value, float(se), float(df), seeds, None)
