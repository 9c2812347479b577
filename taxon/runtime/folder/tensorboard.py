"""A run's figures for TensorBoard: a TensorBoard run for each seed, `tensorboard/seed_0/` say, and one of their mean.

Tags are the same in all of them (`evaluation/return`, `update/policy_loss`), so that seeds lie over each other. The
files are made of the lines of metrics.jsonl and of nothing else. When a run goes on they are written anew from the
lines that stay: they then hold what metrics.jsonl holds, whatever was dropped, lost or put there meanwhile, and a
checkpoint need not hold them. Records are written here, since torch's own writer follows links.

A time is that of the run's start with the seconds that it has trained since, as of the latest line of `speed`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from taxon.runtime.events import Callback, Logged
from taxon.runtime.folder.points import Points
from taxon.runtime.folder.run_folder import RunFolder

FOLDER = "tensorboard"
MEAN = "mean"  # the name of the mean's run
FILE = "events.out.tfevents.0"  # in the folder of each run


class TensorBoard(Callback):
    """The event files of a run, begun anew.

    started: when the run began, in ISO 8601.
    """

    def __init__(self, folder: RunFolder, seeds: Sequence[int], started: str) -> None:
        self._folder = folder
        self._runs = {seed: f"seed_{seed}" for seed in seeds}
        self._whole = MEAN if len(seeds) > 1 else self._runs[seeds[0]]  # where that stands which is of no one seed
        self._began = datetime.fromisoformat(started).timestamp()
        self._points = Points(seeds)
        place = folder.folder(FOLDER, make=True)
        _clear(place)
        for name in {*self._runs.values(), self._whole}:
            _clear(place.folder(name, make=True))

    def logged(self, event: Logged) -> None:
        # Imported when there is something to write, since it takes a tenth of a second.
        from tensorboard.compat.proto.event_pb2 import Event

        events: dict[str, dict[int, Any]] = {}
        for point in self._points.of(event.lines):
            run = self._whole if point.seed is None else self._runs[point.seed]
            time = self._began + point.seconds
            written = events.setdefault(run, {}).setdefault(point.step, Event(wall_time=time, step=point.step))
            written.summary.value.add(tag=point.tag, simple_value=point.value)
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
