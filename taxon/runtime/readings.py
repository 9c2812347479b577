"""What a loop has done since it was last read, as lines of the log. Reading waits for the device."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from taxon.runtime.events import Line
from taxon.runtime.folder.logging import line
from taxon.runtime.folder.run_folder import RunFolder, failure_file
from taxon.runtime.folder.snapshot import whole
from taxon.runtime.loop.loop import Loop

EVERY = 1_000  # environment steps between two readings


class Readings:
    """The readings of a loop; `step` is that of the latest. say: what reports the end of a seed as it is found."""

    def __init__(self, loop: Loop, seeds: Sequence[int], folder: RunFolder, say: Callable[[str], None]) -> None:
        self._loop, self._seeds, self._folder, self._say = loop, seeds, folder, say
        self.step = 0
        self.updates_per_step: dict[str, float] = {}  # of each phase, between the latest two
        self._updates = dict(loop.updates)
        self._frozen: list[int] = []  # seeds (by index) whose end was said
        self._began = time.monotonic()
        self._at = (loop.steps, self._began)  # (step, time) of the latest, which evaluations are no part of

    def capture(self) -> dict[str, Any]:
        """What goes on with a resumed run."""
        return {
            "seconds": time.monotonic() - self._began,
            "logged": self.step,
            "logged_updates": dict(self._updates),
            "logged_frozen": list(self._frozen),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from what was captured; the loop is restored before."""
        loop = self._loop
        self._began = time.monotonic() - float(saved["seconds"])
        self.step = whole(saved["logged"], loop.steps)
        self._updates = {name: whole(saved["logged_updates"][name]) for name in loop.updates}
        self._frozen = [whole(index, len(self._seeds) - 1) for index in saved["logged_frozen"]]
        self._at = (loop.steps, time.monotonic())

    @property
    def due(self) -> bool:
        """Whether it is time: a step counts for each environment and may pass over a multiple."""
        return self._loop.steps // EVERY > self.step // EVERY

    def frozen(self) -> dict[int, int]:
        """The seeds whose end was said, with the step of it."""
        return {self._seeds[index]: step for index, step in self._loop.frozen().items() if index in self._frozen}

    def pause(self, seconds: float) -> None:
        """An evaluation has taken so long, which is no part of the speed."""
        self._at = (self._loop.steps, self._at[1] + seconds)

    def read(self) -> list[Line]:
        """The episodes, the means of the metrics, and the speed, since the last time."""
        loop, step, lines = self._loop, self._loop.steps, list[Line]()
        for episode in loop.take_episodes():
            values = {"return": episode.total, "length": episode.length}
            lines.append(line("episode", episode.step, values, self._seeds[episode.seed]))
        lines += self.ends()
        for phase, metrics in loop.take_metrics().items():
            for index, seed in enumerate(self._seeds):
                if index not in self._frozen:
                    values = {name: means[index] for name, means in metrics.items()}
                    lines.append(line("update", step, {"phase": phase, **values}, seed))
        now, since = time.monotonic(), step - self.step
        self.updates_per_step = {phase: (count - self._updates[phase]) / since for phase, count in loop.updates.items()}
        speed = {
            "seconds": now - self._began,
            "steps_per_second": (step - self._at[0]) / (now - self._at[1]),
            "updates": sum(loop.updates.values()),
            "updates_per_step": sum(self.updates_per_step.values()),
            "samples": loop.samples,
            "environment_steps": sum(loop.environment_steps),
        }
        lines.append(line("speed", step, speed))
        self.step, self._updates, self._at = step, dict(loop.updates), (step, now)
        return lines

    def ends(self) -> list[Line]:
        """A line for every seed that is newly frozen; it is said when and why."""
        loop, lines = self._loop, list[Line]()
        for index, step in loop.frozen().items():
            if index in self._frozen:
                continue
            self._frozen.append(index)
            seed, cause = self._seeds[index], loop.causes.get(index)
            why = cause or f"it is no longer finite: {loop.diagnose()[index]}"
            lines.append(line("frozen", step, {"cause": why}, seed))
            self._say(f"seed {seed} was frozen at step {step:,}: {why}")
            if cause is not None:
                self._folder.write(failure_file(seed), loop.traces[index].encode("utf-8", "backslashreplace"))
                self._say(f"where it failed: {self._folder.path / failure_file(seed)}")
        return lines
