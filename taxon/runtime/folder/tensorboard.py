"""A run's figures for TensorBoard: a TensorBoard run for each seed, `tensorboard/seed_0/` say, and one of their mean.

Tags are the same in all of them (`evaluation/return`, `update/policy_loss`), so that seeds lie over each other. The
files are made of the lines of metrics.jsonl and of nothing else. When a run goes on they are written anew from the
lines that stay: they then hold what metrics.jsonl holds, whatever was dropped, lost or put there meanwhile, and a
checkpoint need not hold them. Records are written here, since torch's own writer follows links.

A time is that of the run's start with the seconds that it has trained since, as of the latest line of `speed`.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from taxon.runtime.folder.run_folder import RunFolder

FOLDER = "tensorboard"
MEAN = "mean"  # the name of the mean's run
FILE = "events.out.tfevents.0"  # in the folder of each run
NOT_FIGURES = ("kind", "step", "seed", "phase")


class StepBuffer:
    """The event files of a run, begun anew.

    began: when the run started, in seconds since 1970. What is added becomes visible with `flush`, which is called once
    the lines of every seed up to a step have been added.
    """

    def __init__(self, folder: RunFolder, seeds: Sequence[int], began: float) -> None:
        self._folder = folder
        self._runs = {seed: f"seed_{seed}" for seed in seeds}
        self._whole = MEAN if len(seeds) > 1 else self._runs[seeds[0]]  # where that stands which is of no one seed
        self._began = began
        self._seconds = 0.0
        self._frozen: dict[int, int] = {}  # seed -> step
        self._values: dict[tuple[str, int], dict[int | None, list[float]]] = {}  # tag, step -> seed -> values
        buffer = folder.folder(FOLDER, make=True)
        _clear(buffer)
        for name in {*self._runs.values(), self._whole}:
            _clear(buffer.folder(name, make=True))

    def add(self, line: Mapping[str, Any]) -> None:
        """The numbers of a line of metrics.jsonl. Raises ValueError where it is none of this run's."""
        kind, step, seed = line.get("kind"), line.get("step"), line.get("seed")
        if not isinstance(kind, str) or type(step) is not int or not 0 <= step < 2**63:
            raise ValueError("it has no kind or no step")
        if seed is not None and (type(seed) is not int or seed not in self._runs):
            raise ValueError(f"there is no seed {seed}")
        if kind == "frozen" and seed is not None:
            self._frozen[seed] = step
        for name, value in line.items():
            if name in NOT_FIGURES or not isinstance(value, int | float) or not math.isfinite(value):
                continue
            if kind == "speed" and name == "seconds":
                self._seconds = float(value)
            tag = f"{line.get('phase', kind)}/{name}"
            tag.encode()  # a lone surrogate cannot be written
            self._values.setdefault((tag, step), {}).setdefault(seed, []).append(float(value))

    def flush(self) -> None:
        """Write what was added, a point for each tag and step: the mean of what a seed has there.

        The mean's run has a point where every seed has one that is alive at that step.
        """
        # Imported when there is something to write, since it takes a tenth of a second.
        from tensorboard.compat.proto.event_pb2 import Event

        events: dict[str, dict[int, Any]] = {}

        def point(run: str, step: int, tag: str, value: float) -> None:
            event = events.setdefault(run, {}).setdefault(step, Event(wall_time=self._began + self._seconds, step=step))
            event.summary.value.add(tag=tag, simple_value=value)

        for (tag, step), values in self._values.items():
            means = {seed: fmean(several) for seed, several in values.items()}
            for seed, mean in means.items():
                point(self._whole if seed is None else self._runs[seed], step, tag, mean)
            alive = [seed for seed in self._runs if self._frozen.get(seed, math.inf) > step]
            if len(self._runs) > 1 and alive and means.keys() >= set(alive):
                point(MEAN, step, tag, fmean(means[seed] for seed in alive))
        self._values = {}
        for run, steps in events.items():
            self._write(run, list(steps.values()))

    def _write(self, run: str, events: list[Any]) -> None:
        """Add to the file of a run. None is held open: a run may have ten thousand seeds."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        place = self._folder.folder(FOLDER, make=True).folder(run, make=True)
        with place.append(FILE) as file:
            if file.tell() == 0:
                events = [Event(wall_time=self._began, file_version="brain.Event:2"), *events]
            records = RecordWriter(file)
            for event in events:
                records.write(event.SerializeToString())


def _clear(place: RunFolder) -> None:
    """Remove the event files of a folder, an earlier taxon's among them."""
    for name in place.files():
        if "tfevents" in name:
            place.remove(name)
