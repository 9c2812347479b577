"""The lines of metrics.jsonl as points of curves: what TensorBoard, CSV and other tools show."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from taxon.runtime.events import Line

NOT_FIGURES = ("kind", "step", "seed", "phase")


class Point(NamedTuple):
    """The value of a figure (`evaluation/return`, `update/policy_loss`) at a step."""

    step: int
    seed: int | None  # None: of no one seed
    tag: str
    value: float
    seconds: float  # that the run had trained, as of the latest line of `speed`
    mean: bool = False  # whether it is the mean over the seeds that are alive


class Points:
    """Points of the lines of a run, which come in their order.

    There is one for each seed, tag and step: the mean of what a seed has there. Where there are several seeds, there is
    one of their mean wherever every seed has one that is alive at that step.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = tuple(seeds)
        self._seconds = 0.0
        self._frozen: dict[int, int] = {}  # seed -> step

    def of(self, lines: Sequence[Line]) -> list[Point]:
        """The points of lines that came together: all there are up to a step."""
        values: dict[tuple[str, int], dict[int | None, list[float]]] = {}  # tag, step -> seed -> values
        for line in lines:
            kind, step, seed = line["kind"], line["step"], line.get("seed")
            if kind == "frozen" and seed is not None:
                self._frozen[seed] = step
            for name, value in line.items():
                if name in NOT_FIGURES or not isinstance(value, int | float) or not math.isfinite(value):
                    continue
                if kind == "speed" and name == "seconds":
                    self._seconds = float(value)
                tag = f"{line.get('phase', kind)}/{name}"
                values.setdefault((tag, step), {}).setdefault(seed, []).append(float(value))
        return [point for (tag, step), found in values.items() for point in self._at(tag, step, found)]

    def _at(self, tag: str, step: int, values: dict[int | None, list[float]]) -> list[Point]:
        means = {seed: fmean(several) for seed, several in values.items()}
        points = [Point(step, seed, tag, mean, self._seconds) for seed, mean in means.items()]
        alive = [seed for seed in self._seeds if self._frozen.get(seed, math.inf) > step]
        if len(self._seeds) > 1 and alive and means.keys() >= set(alive):
            points.append(Point(step, None, tag, fmean(means[seed] for seed in alive), self._seconds, mean=True))
        return points
