"""What a contrast needs of a cell: the number of its seeds, their mean and their variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taxon.studies.statistics.errors import StatisticsError


@dataclass(frozen=True)
class Moments:
    """n scores, one a seed, with their mean and sample variance (divisor n - 1).

    `mean` is None without a score and where a score is -inf, which no mean may hold; `variance` is None with fewer than
    two scores, too.
    """

    n: int
    mean: float | None
    variance: float | None

    @classmethod
    def of(cls, scores: Sequence[float] | NDArray[np.float64]) -> Moments:
        """The moments of scores [n], each a number or -inf; StatisticsError for NaN and +inf."""
        values = np.asarray(scores, np.float64)
        if values.ndim != 1:
            raise StatisticsError(f"scores of a cell are one number a seed, not an array of shape {values.shape}")
        if np.isnan(values).any() or np.isposinf(values).any():
            raise StatisticsError("a score is a number or -inf")
        n = len(values)
        if n == 0 or np.isneginf(values).any():
            return cls(n, None, None)
        if n == 1:
            return cls(1, float(values[0]), None)
        # rounding would give equal scores a variance of 1e-34, and with it a p
        equal = bool((values == values[0]).all())
        return cls(n, float(values.mean()), 0.0 if equal else float(values.var(ddof=1)))
