"""The training environments of every seed: stepped in turn, heard in one array that travels to the device at once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from taxon.runtime.environments import Environment


class Episode(NamedTuple):
    """One finished training episode."""

    step: int  # environment steps of the seed when it ended
    seed: int  # index on the seed axis
    total: float  # undiscounted return
    length: int


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

    An environment whose episode is over is reset at once; `waits`: it rests instead, until `restart`.
    """

    def __init__(self, environments: Sequence[Environment], seeds: int, waits: bool, device: torch.device) -> None:
        self.environments = list(environments)
        self.waits = waits
        self.device = device
        self.finished: list[Episode] = []
        self.steps = [0] * seeds  # what the environments of each seed have really made
        self._width = len(environments) // seeds
        self._totals = [0.0] * len(environments)
        self._lengths = [0] * len(environments)
        size = environments[0].observation
        self._size = size
        self._heard = np.zeros((seeds, self._width, 2 * size + 5), dtype=np.float32)
        self._rows = self._heard.reshape(len(environments), -1)
        self._waiting = self._heard[..., size + 4]
        if not waits:
            for row, environment in zip(self._rows, environments, strict=True):
                self._begin(row, environment.reset())

    def restart(self, starts: Sequence[np.random.Generator], group: int, alive: NDArray[np.bool_]) -> Heard:
        """Begin an episode everywhere: environments of a seed with the same number // group begin alike.

        alive: [S]; the other seeds' environments are left alone.
        """
        for seed, generator in enumerate(starts):
            numbers = generator.integers(2**31, size=-(-self._width // group))
            first = seed * self._width
            for place in range(self._width if alive[seed] else 0):
                observation = self.environments[first + place].reset(int(numbers[place // group]))
                self._begin(self._rows[first + place], observation)
        self._waiting[:] = 0.0
        return self.heard()

    def step(self, action: NDArray[np.floating[Any]], alive: NDArray[np.bool_], now: int, last: bool) -> Heard:
        """One step of the environments that run: action [S, N, A], alive [S].

        now: environment steps of a seed, for the record. last: an episode that this step does not end is cut after it.
        """
        actions = action.reshape(len(self.environments), -1)
        for index, environment in enumerate(self.environments):
            seed = index // self._width
            if alive[seed] and not (self.waits and self._waiting[seed, index % self._width]):
                self._step(index, environment, actions[index], now, last)
        return self.heard()

    def resting(self, alive: NDArray[np.bool_]) -> bool:
        """Whether every environment of the seeds that are alive waits."""
        return self.waits and bool(self._waiting[alive].all())

    def heard(self) -> Heard:
        """The latest words on the device, in one transfer."""
        heard = torch.tensor(self._heard, device=self.device)
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
        self._totals[index] += reward
        self._lengths[index] += 1
        seed = index // self._width
        self.steps[seed] += 1
        if over:
            self.finished.append(Episode(now, seed, self._totals[index], self._lengths[index]))
            self._totals[index], self._lengths[index] = 0.0, 0
            if not self.waits:
                observation = environment.reset()
        row[size + 5 :] = observation

    def _begin(self, row: NDArray[np.float32], observation: NDArray[np.float32]) -> None:
        size = len(observation)
        row[size + 3] = 1.0
        row[size + 5 :] = observation
