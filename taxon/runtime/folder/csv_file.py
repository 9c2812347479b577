"""A run's figures as one table, metrics.csv: a row for each seed, figure and step.

Like TensorBoard's files it is made of the lines of metrics.jsonl, and anew when a run goes on.
"""

import csv
import io
from collections.abc import Sequence

from taxon.runtime.events import Callback, Logged
from taxon.runtime.folder.points import Points
from taxon.runtime.folder.run_folder import RunFolder

FILE = "metrics.csv"
HEAD = ("step", "seconds", "seed", "figure", "value")


class Csv(Callback):
    """The table, begun anew. A seed is empty where a figure is of no one seed; means over seeds are left to readers."""

    def __init__(self, folder: RunFolder, seeds: Sequence[int]) -> None:
        self._folder, self._points = folder, Points(seeds)
        with folder.append(FILE, 0) as file:
            file.write(_rows([HEAD]))

    def logged(self, event: Logged) -> None:
        points = [point for point in self._points.of(event.lines) if not point.mean]
        rows = [(p.step, round(p.seconds, 3), "" if p.seed is None else p.seed, p.tag, p.value) for p in points]
        with self._folder.append(FILE) as file:
            file.write(_rows(rows))


def _rows(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "backslashreplace")
