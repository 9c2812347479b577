"""Environments stepped one after the other in this process."""

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxon.runtime.environments.environment import Environment
from taxon.runtime.environments.faults import described, is_the_users
from taxon.runtime.environments.vectors.step_buffer import StepBuffer, buffer_bytes, buffer_in
from taxon.runtime.environments.vectors.vector import Episode, Fault


class SyncVector:
    """Environments of this process; they may be a share of them all, which begins with number `first`."""

    def __init__(self, environments: Sequence[Environment], first: int = 0) -> None:
        self.environments = list(environments)
        self.first = first
        self.count = len(self.environments)
        self.observation, self.action = environments[0].observation, environments[0].action
        self._events: list[Episode | Fault] = []
        self._started: tuple[NDArray[np.floating[Any]], NDArray[np.bool_], int, bool]

    def open(self, width: int, waits: bool, buffer: StepBuffer | None = None) -> StepBuffer:
        """Be ready; buffer: the one of all environments, where these are a share."""
        count, size = self.count, self.observation
        self._width, self._waits = width, waits
        self._buffer = buffer or buffer_in(bytearray(buffer_bytes(count, size)), count, size)
        self._waiting = self._buffer.rows[:, size + 4]
        return self._buffer

    def start(self, actions: NDArray[np.floating[Any]], alive: NDArray[np.bool_], now: int, last: bool) -> None:
        self._started = actions, alive, now, last

    def finish(self) -> list[Episode | Fault]:
        actions, alive, now, last = self._started
        for index, environment in enumerate(self.environments, self.first):
            if alive[index // self._width] and not (self._waits and self._waiting[index]):
                try:
                    self._step(index, environment, actions[index], now, last)
                except BaseException as error:  # whatever an environment raises
                    self._fault(index, error)
        return self._take()

    def begin(self, starts: Mapping[int, int | None]) -> list[Episode | Fault]:
        size = self.observation
        for index, seed in starts.items():
            row = self._buffer.rows[index]
            try:
                row[size + 5 :] = self.environments[index - self.first].reset(seed)
            except BaseException as error:
                self._fault(index, error)
            row[size + 3] = 1.0
        return self._take()

    def _step(self, index: int, environment: Environment, action: Any, now: int, last: bool) -> None:
        observation, reward, terminated, truncated = environment.step(action)
        truncated = truncated or (last and not terminated)
        over = terminated or truncated
        size, (rows, totals, lengths, steps) = self.observation, self._buffer
        row = rows[index]
        row[:size] = observation
        row[size : size + 5] = reward, terminated, truncated, over and not self._waits, over and self._waits
        totals[index] += reward
        lengths[index] += 1
        steps[index] += 1
        if over:
            self._events.append(Episode(now, index // self._width, totals[index], lengths[index]))
            totals[index], lengths[index] = 0.0, 0
            if not self._waits:
                observation = environment.reset()
        row[size + 5 :] = observation

    def _fault(self, index: int, error: BaseException) -> None:
        if is_the_users(error):
            raise error
        self._buffer.rows[index] = 0.0
        self._events.append(fault(self.environments[index - self.first], index // self._width, error))

    def _take(self) -> list[Episode | Fault]:
        events, self._events = self._events, []
        return events


def fault(environment: Environment, seed: int, error: BaseException) -> Fault:
    """What an environment of a seed (by index) did wrong."""
    return Fault(seed, f"{environment.id} failed: {described(error)}", "".join(traceback.format_exception(error)))
