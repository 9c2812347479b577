"""The whole state of an environment as plain data, so that a run goes on in the middle of an episode.

It is found by looking: the plain values among the attributes of the environment, its wrappers and all they hold, the
states of generators of random numbers, and MuJoCo's simulations. What else changes, such as a string, is noticed, and
then the state is not restored. Whether that is all there is to an environment is found out by trying (`restorable`).
"""

import contextlib
import copy
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import gymnasium
import numpy as np
from gymnasium import spaces

from taxon.runtime.environments.closing import closed
from taxon.runtime.environments.environment import Environment, make
from taxon.runtime.environments.faults import described, is_the_users
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.state.attributes import Place, walk
from taxon.runtime.environments.state.compared import Compared, Unreadable
from taxon.runtime.environments.state.generator_state import GeneratorState, StandardGeneratorState

TRIED = 40  # steps that `restorable` compares, twice
COMPARED = "what is no number"  # the entry of a state for what is compared alone


Found = Iterable[tuple[str, Any]]  # what a walk found


class Part(Protocol):
    """A part of an environment's state; all methods raise ValueError where it cannot be done.

    check: whether a value could be restored. restore: write a value that was checked.
    """

    def capture(self) -> Any: ...
    def check(self, value: Any) -> None: ...
    def restore(self, value: Any) -> None: ...


class ChangedError(ValueError):
    """A state that another copy of its environment cannot be set to; nothing was written."""


class EnvironmentState:
    """Reads and writes the state of one environment; to be made together with it, before its first reset."""

    def __init__(self, raw: gymnasium.Env[Any, Any]) -> None:
        self._raw = raw
        # Kept with what they are the state of, so that an identity stays that of one object.
        self._simulations = {id(found): (found, _simulation(found)) for _, found in walk(raw) if _simulates(found)}
        self._made = _compared(walk(raw))  # each copy may have its own, such as the name of a file

    def capture(self) -> dict[str, Any]:
        """The state of the environment, which was reset before, by the paths of its parts.

        Leaves are None, bool, int, float and numpy arrays, and lists, tuples, deques and dictionaries of them.
        Raises ValueError where a part is too large, or of a kind that cannot be kept.
        """
        found, state = list(walk(self._raw)), {}
        for path, part in self._parts(found).items():
            with _naming(path):
                state[path] = part.capture()
        return state | {COMPARED: self._changed(found)}

    def restore(self, state: dict[str, Any]) -> None:
        """Reset the environment, then set it to the state of another one of the same recipe and seed.

        Raises ChangedError where it cannot be set to it, as where a string is not what it was, and ValueError where it
        is no state of it; after the latter the environment is good for nothing but to be closed.
        Nothing in a state is executed, and no objects are made of it but plain ones.
        """
        try:
            self._raw.reset(seed=0)  # what the environment has only from then on must be there to be set
        except BaseException as error:  # whatever an environment raises
            if is_the_users(error):
                raise
            raise ChangedError(f"its reset failed: {described(error)}") from error
        found = list(walk(self._raw))
        parts = self._parts(found)
        if not isinstance(state, dict) or not isinstance(state.get(COMPARED), dict):
            raise ValueError("the state of an environment is a dictionary, with an entry of what is only compared")
        if unlike := state.keys() ^ parts.keys() ^ {COMPARED}:
            path = min(unlike, key=str)
            raise ChangedError(f"{path}: " + ("the environment has no such part" if path in state else "it is missing"))
        was, now = state[COMPARED], self._changed(found)
        if changed := [path for path in was.keys() | now.keys() if was.get(path) != now.get(path)]:
            raise ChangedError(f"{min(changed, key=str)}: it is not what it was, and only numbers are ever written")
        for path, part in parts.items():
            with _naming(path):
                part.check(state[path])
        for path, part in parts.items():
            with _naming(path):
                part.restore(state[path])

    def _changed(self, found: Found) -> dict[str, int]:
        """What of these is new since the environment was made, or changed, and, as -1, what is gone."""
        now = _compared(found)
        new = {path: digest for path, digest in now.items() if self._made.get(path) != digest}
        return new | dict.fromkeys(self._made.keys() - now.keys(), -1)

    def _parts(self, all_found: Found) -> dict[str, Part]:
        parts: dict[str, Part] = {}
        for path, found in all_found:
            if isinstance(found, Place | Unreadable):
                parts[path] = found
            elif isinstance(found, random.Random):
                parts[path] = StandardGeneratorState(found)
            elif isinstance(found, np.random.Generator | np.random.RandomState):
                parts[path] = GeneratorState(found)
            elif _simulates(found):
                if id(found) not in self._simulations:
                    raise ValueError(f"{path}: this simulation was made after the environment")
                parts[path] = self._simulations[id(found)][1]
        return parts


def restorable(recipe: Recipe, seed: int) -> bool:
    """Whether a restored copy of this environment answers as the original does, bit for bit: found out by trying."""
    made: list[Environment] = []
    try:
        for _ in range(2):
            made.append(make(recipe, seed))
        return _agree(made[0].raw, made[1].raw, seed)
    except BaseException as error:  # an environment may fail in any way at what it was not made for
        if is_the_users(error):
            raise
        return False
    finally:
        closed(made)


def _agree(original: gymnasium.Env[Any, Any], other: gymnasium.Env[Any, Any], seed: int) -> bool:
    states = EnvironmentState(original), EnvironmentState(other)
    space = original.action_space
    space.seed(seed)
    original.reset(seed=seed)
    for _ in range(2):
        _answers(original, [space.sample() for _ in range(TRIED)])
        states[1].restore(copy.deepcopy(states[0].capture()))
        actions = [space.sample() for _ in range(TRIED)]
        if _answers(original, actions) != _answers(other, actions):
            return False
    return True


def _answers(raw: gymnasium.Env[Any, Any], actions: Sequence[Any]) -> list[Any]:
    """The bytes of what an environment says to actions; it is reset after an episode, and once half-way."""
    outcomes: list[Any] = []
    for index, action in enumerate(actions):
        observation, reward, terminated, truncated, _ = raw.step(copy.deepcopy(action))  # which it may write to
        outcomes += [_bytes(raw, observation), np.float64(reward).tobytes(), bool(terminated), bool(truncated)]
        if terminated or truncated or index == len(actions) // 2:
            outcomes.append(_bytes(raw, raw.reset()[0]))
    return outcomes


def _bytes(raw: gymnasium.Env[Any, Any], observation: Any) -> bytes:
    return np.asarray(spaces.flatten(raw.observation_space, observation)).tobytes()


def _compared(found: Found) -> dict[str, int]:
    return {path: value.digest() for path, value in found if isinstance(value, Compared)}


def _simulates(found: object) -> bool:
    """Whether an object is MuJoCo's data, found out without MuJoCo, which not every environment needs."""
    kind = type(found)
    return kind.__name__ == "MjData" and kind.__module__.startswith("mujoco.")


def _simulation(data: object) -> Part:
    from taxon.runtime.environments.state.mujoco_state import SimulationState

    return SimulationState(data)


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
