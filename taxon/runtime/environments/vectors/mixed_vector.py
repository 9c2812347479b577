"""A run's environments in its own process and in worker processes, which step their shares at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxon.runtime.environments.environment import Environment
from taxon.runtime.environments.state.checkpointing import EnvironmentCheckpoint
from taxon.runtime.environments.vectors.step_buffer import StepBuffer
from taxon.runtime.environments.vectors.subprocess_vector import RemoteCheckpoint, SubprocessVector
from taxon.runtime.environments.vectors.sync_vector import SyncVector
from taxon.runtime.environments.vectors.vector import Episode, Fault


class MixedVector:
    """The first environments in this process, which steps them itself, and the others in worker processes.

    For runs whose process would only wait for the workers: nothing is updated while rollouts are made.
    """

    def __init__(self, here: Sequence[Environment], away: SubprocessVector) -> None:
        self._here, self._away = SyncVector(here), away
        self.count, self.observation, self.action = away.count, away.observation, away.action
        self._checkpoints = [EnvironmentCheckpoint(environment) for environment in here]

    def open(self, width: int, waits: bool) -> StepBuffer:
        return self._here.open(width, waits, self._away.open(width, waits))

    def spin(self) -> None:
        self._away.spin()

    def start(self, actions: NDArray[np.floating[Any]], alive: NDArray[np.bool_], now: int, last: bool) -> None:
        self._away.start(actions, alive, now, last)
        self._here.start(actions, alive, now, last)

    def finish(self) -> list[Episode | Fault]:
        return self._here.finish() + self._away.finish()

    def begin(self, starts: Mapping[int, int | None]) -> list[Episode | Fault]:
        own = {index: seed for index, seed in starts.items() if index < self._here.count}
        return self._here.begin(own) + self._away.begin(starts)

    def checkpoints(self) -> list[EnvironmentCheckpoint | RemoteCheckpoint]:
        """What keeps each environment's state."""
        return [*self._checkpoints, *self._away.checkpoints()]
