"""The training environments of every seed: stepped in turn, heard in one array that travels to the device at once."""

import traceback
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from taxon.runtime.environments import Environment, EnvironmentFaultError

LONGEST_CAUSE = 300  # characters of an environment's own words


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
    trace: str  # where, for whoever wrote the environment


class Heard(NamedTuple):
    """What the environments said at a step."""

    next_observation: Tensor  # [S, N, O], the true one at an episode's end
    reward: Tensor  # [S, N]
    terminated: Tensor  # [S, N], 0/1
    truncated: Tensor  # [S, N], 0/1
    begins: Tensor  # [S, N], 0/1: an episode begins with the next step
    waiting: Tensor  # [S, N], 0/1: the environment rests until the next round
    observation: Tensor  # [S, N, O], to act on next


class Collector:
    """S seeds with N environments each, given seed by seed.

    An environment whose episode is over is reset at once; `waits`: it rests instead, until `restart`. One that fails
    becomes a Fault of its seed, and the others go on.
    """

    def __init__(self, environments: Sequence[Environment], seeds: int, waits: bool, device: torch.device) -> None:
        self.environments = list(environments)
        self.waits = waits
        self.device = device
        self.finished: list[Episode] = []
        self.faults: list[Fault] = []
        self.steps = [0] * seeds  # what the environments of each seed have really made
        self.width = len(environments) // seeds
        self.totals = [0.0] * len(environments)
        self.lengths = [0] * len(environments)
        size = environments[0].observation
        self._size = size
        self.words = np.zeros((seeds, self.width, 2 * size + 5), dtype=np.float32)  # the columns of Heard
        self._rows = self.words.reshape(len(environments), -1)
        self._waiting = self.words[..., size + 4]
        self._started: tuple[NDArray[np.floating[Any]], NDArray[np.bool_], int, bool]
        if not waits:
            for index in range(len(environments)):
                self.begin(index)

    def restart(self, starts: Sequence[np.random.Generator], group: int, alive: NDArray[np.bool_]) -> Heard:
        """Begin an episode everywhere: environments of a seed with the same number // group begin alike.

        alive: [S]; the other seeds' environments are left alone.
        """
        for seed, generator in enumerate(starts):
            numbers = generator.integers(2**31, size=-(-self.width // group))
            first = seed * self.width
            for place in range(self.width if alive[seed] else 0):
                self.begin(first + place, int(numbers[place // group]))
        self._waiting[:] = 0.0
        return self.heard()

    def start(self, action: NDArray[np.floating[Any]], alive: NDArray[np.bool_], now: int, last: bool) -> None:
        """Begin a step of the environments that run: action [S, N, A], alive [S]; `finish` ends it.

        now: environment steps of a seed, for the record. last: an episode that this step does not end is cut after it.
        The arrays must stay as they are until then.
        """
        self._started = action.reshape(len(self.environments), -1), alive, now, last

    def finish(self) -> Heard:
        """End the step that `start` began."""
        actions, alive, now, last = self._started
        for index, environment in enumerate(self.environments):
            seed = index // self.width
            if alive[seed] and not (self.waits and self._waiting[seed, index % self.width]):
                try:
                    self._step(index, environment, actions[index], now, last)
                except Exception as error:  # whatever an environment raises
                    self._fault(index, error)
        return self.heard()

    def begin(self, index: int, seed: int | None = None) -> None:
        """Begin an episode of one environment; a seed restarts its random numbers."""
        row, size = self._rows[index], self._size
        try:
            row[size + 5 :] = self.environments[index].reset(seed)
        except Exception as error:
            self._fault(index, error)
        row[size + 3] = 1.0

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

    def heard(self) -> Heard:
        """The latest words on the device, in one transfer."""
        heard = torch.tensor(self.words, device=self.device)
        size = self._size
        reward, terminated, truncated, begins, waiting = heard[..., size : size + 5].unbind(-1)
        following = heard[..., size + 5 :]
        return Heard(heard[..., :size], reward, terminated, truncated, begins, waiting, following)

    def _step(self, index: int, environment: Environment, action: Any, now: int, last: bool) -> None:
        observation, reward, terminated, truncated = environment.step(action)
        truncated = truncated or (last and not terminated)
        over = terminated or truncated
        size = environment.observation
        row = self._rows[index]
        row[:size] = observation
        row[size : size + 5] = reward, terminated, truncated, over and not self.waits, over and self.waits
        self.totals[index] += reward
        self.lengths[index] += 1
        seed = index // self.width
        self.steps[seed] += 1
        if over:
            self.finished.append(Episode(now, seed, self.totals[index], self.lengths[index]))
            self.totals[index], self.lengths[index] = 0.0, 0
            if not self.waits:
                observation = environment.reset()
        row[size + 5 :] = observation

    def _fault(self, index: int, error: Exception) -> None:
        self._rows[index] = 0.0
        self.faults.append(fault(self.environments[index], index // self.width, error))


def fault(environment: Environment, seed: int, error: Exception) -> Fault:
    """What an environment of a seed (by index) did wrong."""
    kind = "" if isinstance(error, EnvironmentFaultError) else f"{type(error).__name__}: "
    first = next(iter(str(error).splitlines()), "")
    cause = f"{environment.id} failed: {kind}{first[:LONGEST_CAUSE]}"
    return Fault(seed, cause, "".join(traceback.format_exception(error)))
