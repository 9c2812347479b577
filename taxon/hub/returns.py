"""What a run's last evaluation found, as its card says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Any

from taxon.figures.means import COVERAGE, drawable, means
from taxon.runtime.folder.logging import lines
from taxon.runtime.folder.manifest import Manifest
from taxon.runtime.folder.run_folder import RunFolder


@dataclass(frozen=True)
class Returns:
    """The undiscounted returns of the last evaluation of every seed that was not frozen."""

    step: int
    seeds: Mapping[int, Sequence[float]]  # seed -> its episodes
    half: float | None  # of the interval of the mean over seeds; None below the seeds from which on there is one

    @property
    def mean(self) -> float:
        """Over seeds, of the means of their episodes."""
        return fmean(fmean(episodes) for episodes in self.seeds.values())

    @property
    def spread(self) -> float:
        """Of all episodes: their standard deviation."""
        return pstdev([value for episodes in self.seeds.values() for value in episodes])

    def __str__(self) -> str:
        interval = f" ± {self.half:,.1f} ({COVERAGE:.0%} interval)" if self.half is not None else ""
        count = len(self.seeds)
        return f"{self.mean:,.1f}{interval} over {count} seed{'s' * (count != 1)} at step {self.step:,}"


def last_returns(folder: RunFolder, record: Manifest) -> Returns | None:
    """Of the last step at which every seed that was not frozen was evaluated; None where there is no such step.

    A folder may come from a stranger: what is no evaluation is passed over.
    """
    alive = {seed for seed in record.seeds if str(seed) not in record.frozen}
    steps: dict[int, dict[int, list[float]]] = {}
    try:
        for line in lines(folder, "evaluation"):
            seed, step, found = line.get("seed"), line.get("step"), _returns(line.get("returns"))
            if seed in alive and type(step) is int and found:
                steps.setdefault(step, {})[seed] = found
    except FileNotFoundError:
        return None
    whole = [step for step, seeds in steps.items() if seeds.keys() == alive]
    if not whole or not alive:
        return None
    step = max(whole)
    seeds = dict(sorted(steps[step].items()))
    pieces = list(means({seed: [(step, fmean(values))] for seed, values in seeds.items()}))
    half = pieces[0].halves[0] if pieces and pieces[0].halves else None
    return Returns(step, seeds, half)


def _returns(found: Any) -> list[float]:
    """The returns of an evaluation's episodes; none where one of them is no number that can be shown."""
    if not isinstance(found, list) or not all(isinstance(each, int | float) and drawable(each) for each in found):
        return []
    return [float(each) for each in found]
