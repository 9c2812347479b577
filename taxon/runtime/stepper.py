"""Environments stepped one after the other, and what they say of it."""

import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from taxon.runtime.board import Board, board_bytes, board_in
from taxon.runtime.environments import Environment
from taxon.runtime.faults import described, is_the_users


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


class Crew(Protocol):
    """Whoever steps a run's environments, numbered seed by seed."""

    count: int
    observation: int  # size of an observation
    action: int  # size of an action

    def open(self, width: int, waits: bool) -> Board:
        """Be ready for `width` environments of each seed: where they write. waits: see Collector."""

    def start(self, actions: NDArray[np.floating[Any]], alive: NDArray[np.bool_], now: int, last: bool) -> None:
        """Begin a step: actions [E, A]; the rest as in Collector."""

    def finish(self) -> list[Episode | Fault]:
        """End the step that was begun: what happened in it, in the environments' order."""

    def begin(self, starts: Mapping[int, int | None]) -> list[Episode | Fault]:
        """Begin an episode of some environments, each with what restarts its random numbers, or None."""


class Stepper:
    """A Crew of this very process; its environments may be a share of them all, that begins with number `first`."""

    def __init__(self, environments: Sequence[Environment], first: int = 0) -> None:
        self.environments = list(environments)
        self.first = first
        self.count = len(self.environments)
        self.observation, self.action = environments[0].observation, environments[0].action
        self._said: list[Episode | Fault] = []
        self._started: tuple[NDArray[np.floating[Any]], NDArray[np.bool_], int, bool]

    def open(self, width: int, waits: bool, board: Board | None = None) -> Board:
        """Be ready; board: the one of all environments, where these are a share."""
        count, size = self.count, self.observation
        self._width, self._waits = width, waits
        self._board = board or board_in(bytearray(board_bytes(count, size)), count, size)
        self._waiting = self._board.words[:, size + 4]
        return self._board

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
            row = self._board.words[index]
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
        size, (words, totals, lengths, steps) = self.observation, self._board
        row = words[index]
        row[:size] = observation
        row[size : size + 5] = reward, terminated, truncated, over and not self._waits, over and self._waits
        totals[index] += reward
        lengths[index] += 1
        steps[index] += 1
        if over:
            self._said.append(Episode(now, index // self._width, totals[index], lengths[index]))
            totals[index], lengths[index] = 0.0, 0
            if not self._waits:
                observation = environment.reset()
        row[size + 5 :] = observation

    def _fault(self, index: int, error: BaseException) -> None:
        if is_the_users(error):
            raise error
        self._board.words[index] = 0.0
        self._said.append(fault(self.environments[index - self.first], index // self._width, error))

    def _take(self) -> list[Episode | Fault]:
        said, self._said = self._said, []
        return said


def fault(environment: Environment, seed: int, error: BaseException) -> Fault:
    """What an environment of a seed (by index) did wrong."""
    return Fault(seed, f"{environment.id} failed: {described(error)}", "".join(traceback.format_exception(error)))
