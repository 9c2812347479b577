"""The memory that a run shares with its worker processes: what it sends them, and their answers."""

import mmap
import os
import tempfile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from taxon.runtime.environments.vectors.step_buffer import StepBuffer, buffer_bytes, buffer_in


class Shared(NamedTuple):
    """Orders and buffer of all environments."""

    buffer: StepBuffer
    moment: NDArray[np.int64]  # [2]: environment steps of a seed, and whether running episodes are cut
    actions: NDArray[np.float32]  # [E, A]
    alive: NDArray[np.bool_]  # [E], of which the first S count


def nameless_file() -> int:
    """The descriptor of an empty file without a name: it is gone with the last process that holds it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("taxon")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def map_shared(descriptor: int, count: int, observation: int, action: int) -> Shared:
    """The arrays in such a file, for so many environments with observations and actions of these sizes.

    Where they are new, they are zeros.
    """
    size = buffer_bytes(count, observation) + 16 + 4 * count * action + count
    os.truncate(descriptor, size)
    memory = mmap.mmap(descriptor, size)
    start = buffer_bytes(count, observation)
    moment = np.frombuffer(memory, np.int64, 2, offset=start)
    actions = np.frombuffer(memory, np.float32, count * action, offset=start + 16).reshape(count, action)
    alive = np.frombuffer(memory, np.bool_, count, offset=start + 16 + actions.nbytes)
    return Shared(buffer_in(memory, count, observation), moment, actions, alive)
