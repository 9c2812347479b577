"""The training environments of every seed: stepped together, with their answers in one array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxon.runtime.environments.environment import Environment
from taxon.runtime.environments.vectors.sync_vector import SyncVector
from taxon.runtime.environments.vectors.vector import Episode, Fault, VectorEnvironment


class Collector:
    """S seeds with N environments each, given seed by seed: to be stepped here, or by other processes.

    An environment whose episode is over is reset at once; `waits`: it rests instead, until `restart`. One that fails
    becomes a Fault of its seed, and the others go on.
    """

    def __init__(self, environments: Sequence[Environment] | VectorEnvironment, seeds: int, waits: bool) -> None:
        if isinstance(environments, Sequence):
            environments = SyncVector(environments)
        self.vector = environments
        self.waits = waits
        self.finished: list[Episode] = []
        self.faults: list[Fault] = []
        self.count = self.vector.count
        self.width = self.count // seeds
        self.observation, self.action = self.vector.observation, self.vector.action
        buffer = self.vector.open(self.width, waits)
        self.totals, self.lengths, self._steps = buffer.totals, buffer.lengths, buffer.steps
        self.rows = buffer.rows.reshape(seeds, self.width, -1)  # as a StepBuffer's, [S, N, ...]
        self._waiting = self.rows[..., self.observation + 4]
        if not waits:
            self._note(self.vector.begin(dict.fromkeys(range(self.count))))

    def restart(self, starts: Sequence[np.random.Generator], group: int, alive: NDArray[np.bool_]) -> None:
        """Begin an episode everywhere: environments of a seed with the same number // group begin alike.

        alive: [S]; the other seeds' environments are left alone.
        """
        begun: dict[int, int | None] = {}
        for seed, generator in enumerate(starts):
            numbers = generator.integers(2**31, size=-(-self.width // group))
            first = seed * self.width
            for place in range(self.width if alive[seed] else 0):
                begun[first + place] = int(numbers[place // group])
        self._note(self.vector.begin(begun))
        self._waiting[:] = 0.0

    def start(self, action: NDArray[np.floating[Any]], alive: NDArray[np.bool_], now: int, last: bool) -> None:
        """Begin a step of the environments that run: action [S, N, A], alive [S]; `finish` ends it.

        now: environment steps of a seed, for the record. last: an episode that this step does not end is cut after it.
        The arrays must stay as they are until then, and the environments may not be used otherwise.
        """
        self.vector.start(action.reshape(self.count, -1), alive, now, last)

    def finish(self) -> None:
        """End the step that `start` began."""
        self._note(self.vector.finish())

    def begin(self, index: int, seed: int | None = None) -> None:
        """Begin an episode of one environment; a seed restarts its random numbers."""
        self._note(self.vector.begin({index: seed}))

    @property
    def steps(self) -> list[int]:
        """What the environments of each seed have really made: [S]."""
        return [sum(self._steps[first : first + self.width]) for first in range(0, self.count, self.width)]

    @steps.setter
    def steps(self, counts: Sequence[int]) -> None:
        for index in range(self.count):
            seed, place = divmod(index, self.width)
            self._steps[index] = 0 if place else counts[seed]

    @property
    def rests(self) -> NDArray[np.bool_]:
        """Which environments rest until the next round, [S, N]."""
        return self._waiting > 0

    def waiting(self, index: int) -> bool:
        """Whether an environment rests until the next round."""
        return bool(self._waiting.flat[index])

    def rest(self, index: int) -> None:
        """Let an environment rest until the next round."""
        self._waiting.flat[index] = 1.0

    def resting(self, alive: NDArray[np.bool_]) -> bool:
        """Whether every environment of the seeds that are alive waits."""
        return self.waits and bool(self._waiting[alive].all())

    def _note(self, events: list[Episode | Fault]) -> None:
        for what in events:
            if isinstance(what, Episode):
                self.finished.append(what)
            else:
                self.faults.append(what)
