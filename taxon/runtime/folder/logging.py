"""metrics.jsonl: what a run measures, a line each.

Every line is one JSON object with `kind`, `step` (environment steps of each seed), and, but for
`speed`, `seed`:

- `episode`: a finished training episode, its `return` and `length`;
- `update`: per `phase`, the mean of every metric since the last such line;
- `evaluation`: `return` (mean) and the `returns` and `lengths` of episodes with the mean action or the most probable
  one, `environment_steps` they took, and, where some did not end by themselves, how many were `cut`; the first is at
  step 0, of the untrained policy;
- `speed`: `seconds` since the start, `steps_per_second` without evaluations and `updates_per_step` since the last line,
  `updates` so far,
  `samples` that updates read, and `environment_steps` that the training environments of all seeds have really made;
- `frozen`: the seed stopped at this step; `cause` says what of it was no longer finite, or how its environment failed.

Apart from `seconds` and `steps_per_second` a file depends on the spec, the seeds and the device alone: a run that was
resumed writes what one that was never interrupted writes.

A number that an environment made infinite or undefined is null, since JSON has no other word for it.
"""

import contextlib
import json
import math
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from taxon.runtime.errors import UserError
from taxon.runtime.events import Callback, Line, Logged
from taxon.runtime.folder.run_folder import RunFolder

METRICS = "metrics.jsonl"
LONGEST = 16 * 2**20  # bytes of a line; one with the returns of a hundred thousand episodes takes a quarter of it
BAD = (ValueError, OverflowError, RecursionError)  # what reading a line meets that is none of the run's


def line(kind: str, step: int, values: Mapping[str, Any], seed: int | None = None) -> Line:
    """A line, which nobody changes any more."""
    found: dict[str, Any] = {"kind": kind, "step": step}
    if seed is not None:
        found["seed"] = seed
    return MappingProxyType(found | {name: _finite(value) for name, value in values.items()})


class Log(Callback):
    """The metrics of one run; use as a context manager.

    kept: the length in bytes of the lines that stay, where the run goes on. last: their last step. What follows them is
    dropped, though `reached` is the last step that was written at all. Raises UserError where there are fewer.
    """

    def __init__(self, folder: RunFolder, seeds: Sequence[int], kept: int = 0, last: int | None = None) -> None:
        self._folder, self._seeds, self._kept = folder, frozenset(seeds), kept
        self.reached, self.unread = -1 if last is None else last, 0
        if last is not None:
            with contextlib.suppress(FileNotFoundError):
                deque(self._read(kept), maxlen=0)  # what is to be dropped counts towards `reached` alone
        self.unread = 0  # how many of the lines that stay are none of this run's
        self._lines = folder.append(METRICS, kept)

    @property
    def bytes(self) -> int:
        """Length of the lines so far, which are on the disk then."""
        self._lines.flush()
        os.fsync(self._lines.fileno())
        return self._lines.tell()

    def logged(self, event: Logged) -> None:
        """Write lines, and make them visible to other programs."""
        for one in event.lines:
            self._lines.write((json.dumps(dict(one), allow_nan=False) + "\n").encode())
        self._lines.flush()

    def history(self) -> Iterator[Logged]:
        """The lines that stay, as they once came; those that are none of this run's are left out and counted."""
        together: list[Line] = []
        for found in self._read(0) if self._kept else ():
            together.append(found)
            if found["kind"] == "speed":  # the last of those that are written together
                yield Logged(found["step"], tuple(together))
                together = []
        if together:
            yield Logged(together[-1]["step"], tuple(together))

    def _read(self, start: int) -> Iterator[Line]:
        """The lines behind so many bytes."""
        with self._folder.reading(METRICS) as file:
            file.seek(start)
            while text := file.readline(LONGEST):
                if len(text) == LONGEST:
                    message = f"{self._folder.path / METRICS} has a line of more than {LONGEST:,} bytes"
                    raise UserError(message, "restore the folder from a copy")
                try:
                    found = checked(json.loads(text), self._seeds)
                except BAD:
                    self.unread += 1
                    continue
                self.reached = max(self.reached, found["step"])
                yield found

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()


def checked(found: Any, seeds: frozenset[int]) -> Line:
    """A line that was read. Raises ValueError or OverflowError where it is none of a run of these seeds."""
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    kind, step, seed = found.get("kind"), found.get("step"), found.get("seed")
    if not isinstance(kind, str) or type(step) is not int or not 0 <= step < 2**63:
        raise ValueError("it has no kind or no step")
    if seed is not None and (type(seed) is not int or seed not in seeds):
        raise ValueError(f"there is no seed {seed}")
    for name, value in found.items():
        f"{found.get('phase', kind)}/{name}".encode()  # a lone surrogate cannot be written
        if isinstance(value, int | float):
            float(value)  # a number of 400 digits is none
    return MappingProxyType(found)


def lines(folder: RunFolder, kind: str) -> Iterator[dict[str, Any]]:
    """The lines of one kind in a run's metrics; what is cut off or no line of a run is passed over."""
    start = json.dumps({"kind": kind})[:-1].encode()
    with folder.reading(METRICS) as file:
        while text := file.readline(LONGEST):
            if text.startswith(start):
                try:
                    found = json.loads(text)
                except (ValueError, RecursionError):
                    continue
                if isinstance(found, dict):
                    yield found


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_finite(part) for part in value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
