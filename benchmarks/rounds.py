"""Taking turns, and what follows from it: a ratio is taken within a round, where the machine met both alike."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.results import Sample

T = TypeVar("T")


@dataclass(frozen=True)
class Summary:
    """Of several rounds."""

    median: float
    low: float
    high: float

    def show(self, digits: int = 0) -> str:
        """`120 (98 to 131)`."""
        if self.low == self.high:
            return f"{self.median:,.{digits}f}"
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"


def interleave(turns: Sequence[T], rounds: int) -> Iterator[tuple[int, T]]:
    """A B C, A B C, ..."""
    for number in range(rounds):
        for turn in turns:
            yield number, turn


def summarise(values: Iterable[float]) -> Summary:
    """Median and extremes. Raises ValueError of nothing."""
    every = sorted(values)
    if not every:
        raise ValueError("no values")
    return Summary(statistics.median(every), every[0], every[-1])


def speeds(samples: Iterable[Sample]) -> dict[str, dict[int, float]]:
    """Per contender and round the environment steps a second of all seeds and environments."""
    found: dict[str, dict[int, float]] = {}
    for sample in samples:
        work = sample.workload
        total = sample.measurement.steps_per_second * work.seeds * work.environments
        found.setdefault(sample.contender, {})[sample.round] = total
    return found


def ratios(of: dict[int, float], to: dict[int, float]) -> list[float]:
    """One contender's speeds over another's, for the rounds in which both ran."""
    return [of[number] / to[number] for number in sorted(of.keys() & to.keys())]
