"""Seeds that froze because something stopped being finite: they are data, and count in each of three ways."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from scipy import special

from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.student import Floats


class Treatment(Enum):
    """How a frozen seed counts."""

    FLOOR = "floor"
    """As the lesser of its last evaluation and a random policy's return."""
    LAST = "last"
    """As its last evaluation."""
    EXCLUDE = "exclude"
    """Not at all."""


@dataclass(frozen=True)
class Cell:
    """The seeds of one row on one environment.

    `scores` [n] has one number a seed; that of a frozen seed is its last evaluation, NaN or -inf if none was finite.
    `frozen` [n] marks these seeds (none, if left out). `random` is the mean return of a random policy there. `versions`
    maps what may not differ within a contrast (taxon, torch, mujoco, device) to all values that the seeds ran with.
    """

    scores: Sequence[float] | Floats
    frozen: Sequence[bool] | np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None
    random: float | None = None
    versions: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def marks(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which seeds froze, [n]."""
        n = len(self.scores)
        marks = np.zeros(n, np.bool_) if self.frozen is None else np.asarray(self.frozen, np.bool_)
        if marks.shape != (n,):
            raise StatisticsError(f"a cell has {n} scores and {marks.size} marks of frozen seeds")
        return marks

    @property
    def dagger(self) -> str:
        """The mark of a cell in which a seed froze, as in the paper's tables."""
        return "†" if self.marks.any() else ""

    def treated(self, how: Treatment) -> Floats:
        """The scores [n], or fewer, with frozen seeds counted so; -inf where a frozen seed has no number.

        StatisticsError if `floor` is chosen and a seed froze, but the random policy was not measured.
        """
        marks = self.marks
        values = np.asarray(self.scores, np.float64)
        if not marks.any():
            return values
        if how is Treatment.EXCLUDE:
            return values[~marks]
        last = np.where(marks & ~np.isfinite(values), -np.inf, values)
        if how is Treatment.LAST:
            return last
        if self.random is None:
            raise StatisticsError("a seed froze: to count it as the floor, the random policy's return is needed")
        return np.where(marks, np.where(np.isfinite(last), np.minimum(last, self.random), self.random), last)


@dataclass(frozen=True)
class Frozen:
    """k of n seeds froze."""

    k: int
    n: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of the probability that a seed freezes; None without seeds."""
        return wilson(self.k, self.n) if self.n else None


def wilson(k: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """The interval of a proportion k/n, n >= 1 (Wilson 1927): what a score test does not reject."""
    if not 0 <= k <= n or n < 1:
        raise StatisticsError(f"{k} of {n} is not a proportion")
    z = float(special.ndtri(1 - alpha / 2))
    middle = (k + z * z / 2) / (n + z * z)
    half = z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    return 0.0 if k == 0 else middle - half, 1.0 if k == n else middle + half
