"""What a run measures, written twice: metrics.jsonl for programs, TensorBoard's files for eyes.

Every line of metrics.jsonl is one JSON object with `kind`, `step` (environment steps of each seed), and, but for
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

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.folder.tensorboard import StepBuffer

METRICS = "metrics.jsonl"
LONGEST = 16 * 2**20  # bytes of a line; one with the returns of a hundred thousand episodes takes a quarter of it


class Log:
    """The two logs of one run; use as a context manager.

    started: the time in ISO 8601. kept: the length in bytes of the lines that stay, where the run goes on; what follows
    them is dropped. `unread`: how many of those are no lines of this run, and therefore not in TensorBoard's files.
    Raises UserError where there are fewer.
    """

    def __init__(self, folder: RunFolder, seeds: Sequence[int], started: str, kept: int = 0) -> None:
        self.lines = folder.append(METRICS, kept)
        self.buffer = StepBuffer(folder, seeds, datetime.fromisoformat(started).timestamp())
        self.unread = 0
        if kept:
            self._show_again(folder)

    @property
    def bytes(self) -> int:
        """Length of the lines so far, which are on the disk then."""
        self.lines.flush()
        os.fsync(self.lines.fileno())
        return self.lines.tell()

    def write(self, kind: str, step: int, values: Mapping[str, Any], seed: int | None = None) -> None:
        """One line of metrics.jsonl; its numbers, but not its lists, also go to TensorBoard's files."""
        record: dict[str, Any] = {"kind": kind, "step": step}
        if seed is not None:
            record["seed"] = seed
        record.update({name: _finite(value) for name, value in values.items()})
        self.lines.write((json.dumps(record, allow_nan=False) + "\n").encode())
        self.buffer.add(record)

    def flush(self) -> None:
        """Make what was written visible to other programs."""
        self.lines.flush()
        self.buffer.flush()

    def _show_again(self, folder: RunFolder) -> None:
        """Add the lines that stay to TensorBoard's files, which have just begun."""
        with folder.reading(METRICS) as file:
            while line := file.readline(LONGEST):
                if len(line) == LONGEST:
                    message = f"{folder.path / METRICS} has a line of more than {LONGEST:,} bytes"
                    raise UserError(message, "restore the folder from a copy")
                try:
                    record = json.loads(line)
                    self.buffer.add(record)
                except (ValueError, AttributeError, OverflowError, RecursionError):
                    self.unread += 1
                    continue
                if record["kind"] == "speed":  # the last of those that are written together
                    self.buffer.flush()
        self.buffer.flush()

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        with self.lines:
            self.flush()


def lines(folder: RunFolder, kind: str) -> Iterator[dict[str, Any]]:
    """The lines of one kind in a run's metrics; what is cut off or no line of a run is passed over."""
    start = json.dumps({"kind": kind})[:-1].encode()
    with folder.reading(METRICS) as file:
        while line := file.readline(LONGEST):
            if line.startswith(start):
                try:
                    found = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(found, dict):
                    yield found


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
