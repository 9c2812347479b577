"""What a user sees of a run: the view of its events, and what is said of them."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from taxon.runtime.events import Began, Callback, Evaluated, Line, Logged
from taxon.runtime.pace import Pace
from taxon.runtime.progress import Display, SeedView, View

RECENT = 10  # training episodes in the displayed mean


class Screen(Callback):
    """A run's view, shown by a display."""

    def __init__(self, shown: Display, title: str, steps: int, seeds: Sequence[int], first_updates: int) -> None:
        self.shown = shown
        self.view = View(title, steps, [SeedView(seed) for seed in seeds], first_updates=first_updates)
        self.pace = Pace()
        self._recent: dict[int, deque[float]] = {seed: deque(maxlen=RECENT) for seed in seeds}
        self._of = {seed.seed: seed for seed in self.view.seeds}

    def capture(self) -> list[list[float]]:
        return [list(returns) for returns in self._recent.values()]

    def restore(self, saved: Any, evaluations: Mapping[int, float], frozen: Mapping[int, int], steps: int) -> None:
        """Go on from what was captured; evaluations and frozen: what is shown of the seeds that have them."""
        for returns, found in zip(self._recent.values(), saved, strict=True):
            returns.extend(map(float, found))
        for seed, returns in self._recent.items():
            view = self._of[seed]
            view.training = fmean(returns) if returns else None
            view.evaluation, view.frozen = evaluations.get(seed), frozen.get(seed)
        self.view.steps = steps

    def say(self, text: str) -> None:
        self.shown.say(text)

    def show(self, steps: int, *, now: bool = False) -> None:
        self.view.steps = steps
        self.shown.show(self.view, now=now)

    def watching(self, stop: Callable[[], None]) -> Callable[[], None]:
        """What is called where something takes long: it may raise Stop, and it shows that the run goes on."""

        def watch() -> None:
            stop()
            self.shown.show(self.view)

        return watch

    def updated(self, step: int, left: int, evaluations: int, made: bool) -> None:
        """Take the time after a step; made: whether updates were. left: steps that remain, and evaluations."""
        if made:
            self.pace.updated(step)
            self.view.first_updates = None
        self.view.left = self.pace.left(left, evaluations)

    def began(self, event: Began) -> None:
        named = ", ".join(map(str, event.seeds))
        start = f" from step {event.step:,}" if event.step else ""
        self.say(f"{self.view.title}, seeds {named}: {event.steps:,} steps of each{start}, into {event.folder}")

    def logged(self, event: Logged) -> None:
        losses: dict[str, list[float]] = {}
        for line in event.lines:
            self._take(line, losses)
        self.view.losses.update({name: fmean(values) for name, values in losses.items()})

    def evaluated(self, event: Evaluated) -> None:
        for seed, mean in event.means.items():
            self._of[seed].evaluation = mean
        self.view.doing = "training"
        self.show(event.step, now=True)

    def _take(self, line: Line, losses: dict[str, list[float]]) -> None:
        match line["kind"]:
            case "episode":
                if line["return"] is not None:
                    self._recent[line["seed"]].append(line["return"])
                    self._of[line["seed"]].training = fmean(self._recent[line["seed"]])
            case "update":
                for name, value in line.items():
                    if name.endswith("loss") and value is not None:
                        losses.setdefault(name, []).append(value)
            case "speed":
                self.view.steps_per_second = line["steps_per_second"]
            case "frozen":
                self._of[line["seed"]].frozen = line["step"]

    def finish(self, doing: str, steps: int) -> None:
        """Show the view for the last time."""
        self.view.doing, self.view.left, self.view.steps = doing, None, steps
        self.shown.finish(self.view)
