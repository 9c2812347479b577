"""A run's environments in its own process and in worker processes, which step their shares at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxon.runtime.board import Board
from taxon.runtime.environments import Environment
from taxon.runtime.keeper import Keeper
from taxon.runtime.stepper import Episode, Fault, Stepper
from taxon.runtime.workers import RemoteKeeper, Workers


class Joint:
    """A Crew of this process, which steps the first environments itself, and of workers that have the others.

    For runs whose process would only wait for the workers: nothing is updated while rollouts are made.
    """

    def __init__(self, here: Sequence[Environment], away: Workers) -> None:
        self._here, self._away = Stepper(here), away
        self.count, self.observation, self.action = away.count, away.observation, away.action
        self._keepers = [Keeper(environment) for environment in here]

    def open(self, width: int, waits: bool) -> Board:
        return self._here.open(width, waits, self._away.open(width, waits))

    def stay_awake(self) -> None:
        self._away.stay_awake()

    def start(self, actions: NDArray[np.floating[Any]], alive: NDArray[np.bool_], now: int, last: bool) -> None:
        self._away.start(actions, alive, now, last)
        self._here.start(actions, alive, now, last)

    def finish(self) -> list[Episode | Fault]:
        return self._here.finish() + self._away.finish()

    def begin(self, starts: Mapping[int, int | None]) -> list[Episode | Fault]:
        own = {index: seed for index, seed in starts.items() if index < self._here.count}
        return self._here.begin(own) + self._away.begin(starts)

    def keepers(self) -> list[Keeper | RemoteKeeper]:
        """What keeps each environment's state."""
        return [*self._keepers, *self._away.keepers()]
