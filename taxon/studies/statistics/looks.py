"""Sequential looks: a study that adds seeds until its claims are decided, without erring more often for it.

Each look judges at alpha / looks (Bonferroni), so that all of them together err with at most alpha. A finding that was
decided at one look stays (`judge` takes the earlier results), and what no open finding needs gets no more seeds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from taxon.studies.statistics.comparison import Row
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.results import ClaimResult


@dataclass(frozen=True)
class Looks:
    """`adaptive(first, last, step)`: judge after `first` seeds a cell, then after every `step` more, up to `last`."""

    first: int
    last: int
    step: int

    def __post_init__(self) -> None:
        if not (1 <= self.first <= self.last and self.step >= 1):
            raise StatisticsError(
                f"adaptive({self.first}, {self.last}, step = {self.step}) looks at no numbers of seeds"
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Seeds a cell at each look; the last one is `last` even if the steps would pass it."""
        return (*range(self.first, self.last, self.step), self.last)

    def alpha(self, whole: float = 0.05) -> float:
        """The level of each look."""
        return whole / len(self.sizes)


def unfinished(results: Iterable[ClaimResult]) -> set[tuple[Row, str]]:
    """The cells that get more seeds: those in a contrast that a declared claim leaves open.

    A claim that has an aggregate rests on it alone: while that is open, all environments go on.
    """
    cells: set[tuple[Row, str]] = set()
    for result in results:
        for environment, finding in result.environments.items():
            deciding = result.over_these or finding
            if deciding.verdict is not None and not deciding.verdict.decided:
                cells.update((row, environment) for row in result.claim.weights_at(environment))
    return cells
