"""An estimate with a standard error on t: its intervals and its tests."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.studies.statistics import student

# With two seeds the variance has one degree of freedom: an interval would be 12.7 standard errors to each side.
FEWEST = 3

Interval = tuple[float, float]


@dataclass(frozen=True)
class Estimate:
    """A value that has, divided by `se`, a t distribution with `df` degrees of freedom.

    `n` is the number of replicates that it rests on: the seeds of its largest cell, or the environments. Where `df` is
    None there is neither interval nor p, and `reason` says why.
    """

    value: float | None
    se: float | None
    df: float | None
    n: int
    reason: str | None

    @classmethod
    def without(cls, reason: str, n: int) -> Estimate:
        """No value at all."""
        return cls(None, None, None, n, reason)

    def half_width(self, alpha: float = 0.05) -> float | None:
        """Half of the interval with coverage 1 - alpha."""
        if self.se is None or self.df is None:
            return None
        return float(student.quantile(1 - alpha / 2, self.df)) * self.se

    def interval(self, alpha: float = 0.05) -> Interval | None:
        """value +- t(1 - alpha / 2, df) SE."""
        half = self.half_width(alpha)
        return None if half is None or self.value is None else (self.value - half, self.value + half)

    def p(self, bound: float = 0.0) -> float | None:
        """Two-sided p of the hypothesis that the value is `bound`."""
        t = self._t(bound)
        return None if t is None else float(student.two_sided(t, self.df or 0.0))

    def p_within(self, delta: float) -> float | None:
        """p of two one-sided tests against a value of at least delta in size (Schuirmann 1987): the larger of the two.

        It is at most alpha where the interval with coverage 1 - 2 alpha lies within (-delta, delta).
        """
        low, high = self._t(-delta), self._t(delta)
        if low is None or high is None:
            return None
        return float(max(student.upper(low, self.df or 0.0), student.upper(-high, self.df or 0.0)))

    def p_beyond(self, delta: float) -> float | None:
        """Two-sided p of the hypothesis that the value is at most delta in size."""
        if self.value is None or self.se is None or self.df is None:
            return None
        return min(1.0, 2 * float(student.upper((abs(self.value) - delta) / self.se, self.df)))

    def _t(self, bound: float) -> float | None:
        return None if self.value is None or not self.se or self.df is None else (self.value - bound) / self.se
