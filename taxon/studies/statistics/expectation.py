"""What a claim expects of its contrast, and what the numbers say about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import Enum
from typing import Self

from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.estimate import Estimate


class Verdict(Enum):
    """What is known about a claim. That it is undecided does not mean that there is no effect."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    ABSENT = "absent"
    """Two one-sided tests place the contrast within the delta that the claim names."""
    MIXED = "mixed"
    """It holds on some environments and is contradicted on others."""
    UNDECIDED = "undecided"
    DEPENDS = "depends"
    """It depends on how frozen seeds count."""

    @property
    def decided(self) -> bool:
        """Whether more seeds are of no use."""
        return self not in (Verdict.UNDECIDED, Verdict.DEPENDS)


@dataclass(frozen=True)
class Expectation(ABC):
    """A number that the contrast lies above, below or within."""

    bound: float

    def scaled(self, factor: float) -> Self:
        """The same in units that are `factor` times as many: raw returns, where the bound is in scaled ones."""
        return replace(self, bound=self.bound * factor)

    @abstractmethod
    def p(self, estimate: Estimate) -> float | None:
        """The p on which Holm's correction works; None where the estimate has none."""

    @abstractmethod
    def side(self, estimate: Estimate) -> Verdict:
        """The verdict once the corrected p is small enough."""

    @abstractmethod
    def distance(self, estimate: Estimate) -> float:
        """How far the value is from where the verdict changes."""

    def needed(self, estimate: Estimate, alpha: float) -> float | None:
        """The replicates that a decision would take if the value stayed: n (half-width / distance)^2."""
        half, distance = self.half_width(estimate, alpha), self.distance(estimate)
        return None if half is None or distance == 0 else estimate.n * (half / distance) ** 2

    def half_width(self, estimate: Estimate, alpha: float) -> float | None:
        """Half of the interval that has to be shorter than the distance."""
        return estimate.half_width(alpha)


@dataclass(frozen=True)
class Sided(Expectation):
    """The contrast is on one side of the bound: a two-sided test, decided by the sign."""

    def p(self, estimate: Estimate) -> float | None:
        return estimate.p(self.bound)

    def distance(self, estimate: Estimate) -> float:
        return abs((estimate.value or 0.0) - self.bound)


@dataclass(frozen=True)
class Above(Sided):
    """The contrast is larger than the bound."""

    def side(self, estimate: Estimate) -> Verdict:
        return Verdict.CONFIRMED if (estimate.value or 0.0) > self.bound else Verdict.CONTRADICTED


@dataclass(frozen=True)
class Below(Sided):
    """The contrast is smaller than the bound."""

    def side(self, estimate: Estimate) -> Verdict:
        return Verdict.CONFIRMED if (estimate.value or 0.0) < self.bound else Verdict.CONTRADICTED


@dataclass(frozen=True)
class Within(Expectation):
    """The contrast is smaller than delta > 0 in size.

    Absent by two one-sided tests, contradicted by a two-sided one against the nearer end. One of the two hypotheses is
    false whatever the truth, so that they do not count as two.
    """

    def __post_init__(self) -> None:
        if not self.bound > 0:
            raise StatisticsError(f"within = {self.bound:g}: a delta is positive")

    def p(self, estimate: Estimate) -> float | None:
        inside, beyond = estimate.p_within(self.bound), estimate.p_beyond(self.bound)
        return None if inside is None or beyond is None else min(inside, beyond)

    def side(self, estimate: Estimate) -> Verdict:
        return Verdict.ABSENT if abs(estimate.value or 0.0) < self.bound else Verdict.CONTRADICTED

    def distance(self, estimate: Estimate) -> float:
        return abs(abs(estimate.value or 0.0) - self.bound)

    def half_width(self, estimate: Estimate, alpha: float) -> float | None:
        # two one-sided tests are an interval with coverage 1 - 2 alpha
        return estimate.half_width(2 * alpha if abs(estimate.value or 0.0) < self.bound else alpha)
