"""Environments that are stepped together: what a run needs of them, and what happens in a step."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from taxon.runtime.environments.vectors.step_buffer import StepBuffer


class Episode(NamedTuple):
    """One finished training episode."""

    step: int  # environment steps of the seed when it ended
    seed: int  # index on the seed axis
    total: float  # undiscounted return
    length: int


class Fault(NamedTuple):
    """An environment that failed."""

    seed: int  # index on the seed axis
    cause: str  # one line
    trace: str  # where, for the environment's author


class VectorEnvironment(Protocol):
    """A run's environments, stepped together and numbered seed by seed."""

    count: int
    observation: int  # size of an observation
    action: int  # size of an action

    def open(self, width: int, waits: bool) -> StepBuffer:
        """Be ready for `width` environments of each seed: where they write. waits: see Collector."""

    def start(self, actions: NDArray[np.floating[Any]], alive: NDArray[np.bool_], now: int, last: bool) -> None:
        """Begin a step: actions [E, A]; the rest as in Collector."""

    def finish(self) -> list[Episode | Fault]:
        """End the step that was begun: what happened in it, in the environments' order."""

    def begin(self, starts: Mapping[int, int | None]) -> list[Episode | Fault]:
        """Begin an episode of some environments, each with what restarts its random numbers, or None."""
