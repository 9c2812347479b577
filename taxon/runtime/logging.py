"""What a run measures, written twice: metrics.jsonl for programs, TensorBoard for eyes.

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
- `frozen`: the seed stopped at this step, where it was no longer finite or, as `cause` says, its environment failed.

Apart from `seconds` and `steps_per_second` a file depends on the spec, the seeds and the device alone: a run that was
resumed writes what one that was never interrupted writes.

A number that an environment made infinite or undefined is null, since JSON has no other word for it.
"""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from taxon.runtime.errors import UserError

METRICS = "metrics.jsonl"


class Log:
    """The two logs of one run; use as a context manager.

    resumed: the length in bytes of the lines to keep and the step that they end with; what follows is dropped.
    Raises UserError where there are fewer.
    """

    def __init__(self, folder: Path, resumed: tuple[int, int] | None = None) -> None:
        path = folder / METRICS
        if resumed is not None:
            if not path.is_file() or path.stat().st_size < resumed[0]:
                raise UserError(f"{path} is shorter than the checkpoint says", "restore the folder from a copy")
            os.truncate(path, resumed[0])
        self.lines = path.open("ab")
        self.board = SummaryWriter(str(folder / "tensorboard"), purge_step=None if resumed is None else resumed[1] + 1)

    @property
    def bytes(self) -> int:
        """Length of the lines so far, which are on the disk then."""
        self.lines.flush()
        os.fsync(self.lines.fileno())
        return self.lines.tell()

    def write(self, kind: str, step: int, values: Mapping[str, Any], seed: int | None = None, label: str = "") -> None:
        """One line of metrics.jsonl; its numbers, but not its lists, also go to TensorBoard.

        label: what stands before a number's name in TensorBoard; the kind where it is left out.
        """
        record: dict[str, Any] = {"kind": kind, "step": step}
        if seed is not None:
            record["seed"] = seed
        record.update({name: _finite(value) for name, value in values.items()})
        self.lines.write((json.dumps(record, allow_nan=False) + "\n").encode())
        suffix = "" if seed is None else f"/seed_{seed}"
        for name, value in values.items():
            if isinstance(value, int | float):
                tag = f"{label or kind}/{name}{suffix}"
                self.board.add_scalar(tag, value, step)

    def flush(self) -> None:
        """Make what was written visible to other programs."""
        self.lines.flush()
        self.board.flush()

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        self.lines.close()
        self.board.close()


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
