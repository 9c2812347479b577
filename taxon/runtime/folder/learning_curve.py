"""The points of a run's learning curve, which is drawn when the run ends."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from taxon.runtime.events import Callback, Ended, Evaluated, Logged
from taxon.runtime.folder import curve
from taxon.runtime.folder.run_folder import CURVE, RunFolder
from taxon.runtime.folder.snapshot import whole


class LearningCurve(Callback):
    """Mean returns of evaluations or, where there are none, of the training episodes between two readings.

    measured: what a point is.
    """

    def __init__(self, folder: RunFolder, title: str, measured: str, seeds: Sequence[int], evaluated: bool) -> None:
        self._folder, self._title, self._measured = folder, title, measured
        self._of_evaluations = evaluated
        self.points: dict[int, list[tuple[int, float]]] = {seed: [] for seed in seeds}

    def capture(self) -> list[list[list[float]]]:
        return [[list(point) for point in points] for points in self.points.values()]

    def restore(self, saved: Any, steps: int) -> None:
        """Go on from what was captured at a step."""
        self.points = {
            seed: [(whole(step, steps), float(value)) for step, value in points]
            for seed, points in zip(self.points, saved, strict=True)
        }

    def logged(self, event: Logged) -> None:
        if self._of_evaluations:
            return
        finished: dict[int, list[float]] = {}
        for line in event.lines:
            if line["kind"] == "episode":
                finished.setdefault(line["seed"], []).append(_number(line["return"]))
        for seed, returns in finished.items():
            self.points[seed].append((event.step, fmean(returns)))

    def evaluated(self, event: Evaluated) -> None:
        for seed, mean in event.means.items():
            self.points[seed].append((event.step, mean))

    def ended(self, event: Ended) -> None:
        self._folder.write(CURVE, curve.draw(self._title, self._measured, self.points, event.frozen))


def _number(value: float | None) -> float:
    """What a line has null for is drawn by nobody, and counted."""
    return float("nan") if value is None else value
