"""Claims and what became of them: plain values that a report prints and a file keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from taxon.studies.statistics.comparison import Comparison, Row, weights
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.estimate import Estimate, Interval
from taxon.studies.statistics.expectation import Expectation, Verdict
from taxon.studies.statistics.frozen import Frozen, Treatment


@dataclass(frozen=True)
class Claim:
    """A contrast and what is expected of it.

    `comparisons` are those of every environment but the ones that `elsewhere` names, which compare other rows: where a
    level means another row, or a walk leads through others. `expectation` is None for exploration: what was not
    declared before the runs has intervals and no verdict. Its bound is in scaled units where the study has a scale, in
    raw ones elsewhere. `kind` is the contrast's noun.
    """

    name: str
    comparisons: tuple[Comparison, ...]
    expectation: Expectation | None = None
    kind: str = "effect"
    elsewhere: Mapping[str, tuple[Comparison, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not all(map(weights, (self.comparisons, *self.elsewhere.values()))):
            raise StatisticsError(f"claim {self.name}: its rows cancel, nothing is compared")

    @cached_property
    def weights(self) -> dict[Row, float]:
        """The weight of each row's mean, where `elsewhere` names no other rows."""
        return weights(self.comparisons)

    def at(self, environment: str) -> tuple[Comparison, ...]:
        """The comparisons on an environment."""
        return self.elsewhere.get(environment, self.comparisons)

    def weights_at(self, environment: str) -> dict[Row, float]:
        """The weight of each row's mean on an environment."""
        return weights(self.elsewhere[environment]) if environment in self.elsewhere else self.weights


@dataclass(frozen=True)
class Finding:
    """A contrast as it was estimated, tested and judged.

    `expected` is what a claim expects of it, in the estimate's own units, None for exploration. `alpha` is the level of
    the verdict and 1 - alpha that of the interval. `p` is the test of what is expected, for exploration that of 0;
    `adjusted` is p after Holm's correction. `needed` is how many replicates it would take, where it is undecided.
    `by_treatment` has the verdict under each way of counting frozen seeds that has a test, and `frozen` how many of the
    seeds in it froze.
    """

    estimate: Estimate
    alpha: float
    expected: Expectation | None = None
    p: float | None = None
    adjusted: float | None = None
    verdict: Verdict | None = None
    needed: float | None = None
    frozen: Frozen = field(default_factory=lambda: Frozen(0, 0))
    by_treatment: Mapping[Treatment, Verdict] = field(default_factory=dict)

    @property
    def value(self) -> float | None:
        """The estimate itself."""
        return self.estimate.value

    @property
    def interval(self) -> Interval | None:
        """The interval with coverage 1 - alpha."""
        return self.estimate.interval(self.alpha)

    @property
    def reason(self) -> str | None:
        """Why there is no interval."""
        return self.estimate.reason


@dataclass(frozen=True)
class Crossing:
    """Whether the simple effects of an interaction differ in sign on one environment.

    An interaction without a crossing can vanish on another scale. `sure` where intervals on both sides leave out 0.
    """

    crosses: bool
    sure: bool


@dataclass(frozen=True)
class ClaimResult:
    """A claim with all that was found.

    `environments` is one by one, in raw units. `over_these` and `like_these` are aggregated in scaled units, None
    without a scale or with one environment. `simple` has a finding for each of the claim's comparisons, with p by
    Holm over environments and no verdict; `crossings` is empty unless weights differ in sign. `warnings` are sentences.
    """

    claim: Claim
    alpha: float
    failure: Treatment
    environments: Mapping[str, Finding]
    over_these: Finding | None
    like_these: Finding | None
    simple: Mapping[str, tuple[Finding, ...]]
    crossings: Mapping[str, Crossing]
    frozen: Mapping[tuple[Row, str], Frozen]
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """The claim's verdict: over these environments where they are aggregated, else from each of them."""
        if self.over_these is not None:
            return self.over_these.verdict
        found = {finding.verdict for finding in self.environments.values()}
        if Verdict.CONTRADICTED in found and found & {Verdict.CONFIRMED, Verdict.ABSENT}:
            return Verdict.MIXED
        for verdict in (Verdict.CONFIRMED, Verdict.CONTRADICTED, Verdict.DEPENDS, Verdict.UNDECIDED):
            if verdict in found:
                return verdict
        return Verdict.ABSENT if found == {Verdict.ABSENT} else None

    def where(self, verdict: Verdict) -> list[str]:
        """The environments with this verdict."""
        return [name for name, finding in self.environments.items() if finding.verdict is verdict]

    def spread(self, environment: str) -> Interval | None:
        """The least and the largest of the comparisons there: of a Shapley value, the range over its rungs."""
        values = [finding.value for finding in self.simple[environment] if finding.value is not None]
        return (min(values), max(values)) if values else None
