"""A run's events for a tool of the laboratory's, whose failures never are the run's."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from taxon.runtime.environments.faults import described
from taxon.runtime.errors import one_line
from taxon.runtime.events import Callback, Ended, Logged, Status
from taxon.runtime.folder.points import Point, Points
from taxon.runtime.loggers.tool import Tool


class Forwarding(Callback):
    """Gives a tool the points of the log's lines.

    A figure is called as in TensorBoard (`evaluation/return`). Of several seeds that is their mean, and each has its
    own beside it (`seed_3/evaluation/return`). written: the last step that this run has written anywhere, where it goes
    on and the tool has it; None where the tool's run is new.
    """

    def __init__(
        self, name: str, tool: Tool, seeds: Sequence[int], written: int | None, say: Callable[[str], None]
    ) -> None:
        self._name, self._tool, self._say = name, tool, say
        self._points = Points(seeds)
        self._several = len(seeds) > 1
        self._written = written
        self._last: dict[str, int] = {}  # figure -> the last step that the tool has
        self._works = True

    def logged(self, event: Logged) -> None:
        if not self._works:
            return
        steps: dict[int, dict[str, float]] = {}
        for point in self._points.of(event.lines):
            steps.setdefault(point.step, {})[self._figure(point)] = point.value
        with self._guarded():
            for step, values in sorted(steps.items()):
                if new := {figure: value for figure, value in values.items() if step > self._seen(figure)}:
                    self._tool.log(step, new)

    def keep(self, files: Sequence[Path]) -> None:
        """Keep files as artefacts."""
        with self._guarded():
            self._tool.keep(files)

    def ended(self, event: Ended) -> None:
        self.close(event.status)

    def close(self, status: Status) -> None:
        """Close the tool's run, once."""
        if self._works:
            with self._guarded():
                self._tool.end(status)
        self._works = False

    def _figure(self, point: Point) -> str:
        return f"seed_{point.seed}/{point.tag}" if self._several and point.seed is not None else point.tag

    def _seen(self, figure: str) -> int:
        if self._written is None:
            return -1
        if figure not in self._last:
            self._last[figure] = self._tool.last(figure, self._written)
        return self._last[figure]

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # whatever the tool's package raises: a network, a disk, a server
            self._works = False
            why = one_line(described(error))
            self._say(f"{self._name} failed and is left out from now on, the run goes on without it: {why}")
