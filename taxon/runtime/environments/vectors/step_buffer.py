"""What environments say and what is counted of them, in one block of memory."""

from __future__ import annotations

from mmap import mmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class StepBuffer(NamedTuple):
    """A row or an entry for each environment, seed by seed."""

    # [E, 2 * O + 5]: the next observation, the true one at an episode's end; reward, terminated, truncated; begins, an
    # episode does with the next step; waiting, it rests until the next round; the observation to act on next. Flags 0/1
    rows: NDArray[np.float32]
    totals: memoryview[float]  # [E], the return of the running episode so far
    lengths: memoryview[int]  # [E], its steps so far
    steps: memoryview[int]  # [E], what the environment has really made; only the sum over a seed's is kept


def buffer_bytes(count: int, observation: int) -> int:
    """How much memory the buffer of some environments takes; a multiple of 8."""
    return 24 * count + -(-4 * count * (2 * observation + 5) // 8) * 8


def buffer_in(memory: bytearray | mmap, count: int, observation: int) -> StepBuffer:
    """The buffer of some environments, whose observations have that size, at the start of zeroed memory."""
    columns = memoryview(memory)[: 24 * count]
    width = 2 * observation + 5
    rows = np.frombuffer(memory, np.float32, count * width, offset=24 * count).reshape(count, width)
    totals, lengths, steps = (columns[8 * count * k : 8 * count * (k + 1)] for k in range(3))
    return StepBuffer(rows, totals.cast("d"), lengths.cast("q"), steps.cast("q"))
