"""The whole state of an environment as plain data, so that a run goes on in the middle of an episode.

It is found by looking: the plain values among the attributes of the environment, its wrappers and all they hold, the
states of numpy's generators, and MuJoCo's simulations. Whether that is all there is to an environment is found out by
trying (`restorable`).
"""

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import gymnasium
import numpy as np
from gymnasium import spaces

from taxon.runtime.attributes import Place, walk
from taxon.runtime.environments import make
from taxon.runtime.generator_state import GeneratorState

TRIED = 40  # steps that `restorable` compares, twice


class Part(Protocol):
    """A part of an environment's state; both methods raise ValueError where it cannot be done."""

    def capture(self) -> Any: ...
    def restore(self, value: Any) -> None: ...


class EnvironmentState:
    """Reads and writes the state of one environment; to be made together with it, before its first reset."""

    def __init__(self, raw: gymnasium.Env[Any, Any]) -> None:
        self._raw = raw
        # Kept with what they are the state of, so that an identity stays that of one object.
        self._simulations = {id(found): (found, _simulation(found)) for _, found in walk(raw) if _simulates(found)}

    def capture(self) -> dict[str, Any]:
        """The state of the environment, which was reset before, by the paths of its parts.

        Leaves are None, bool, int, float and numpy arrays, and lists, tuples, deques and dictionaries of them.
        Raises ValueError where a part is too large, or of a kind that cannot be kept.
        """
        state = {}
        for path, part in self._parts().items():
            with _naming(path):
                state[path] = part.capture()
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Reset the environment, then set it to the state of another one with the same id and seed.

        Raises ValueError where the state does not fit; the environment is then good for nothing but to be closed.
        Nothing in a state is executed, and no objects are made of it but plain ones.
        """
        self._raw.reset(seed=0)  # what the environment has only from then on must be there to be set
        parts = self._parts()
        if not isinstance(state, dict):
            raise ValueError("the state of an environment is a dictionary")
        if unlike := state.keys() ^ parts.keys():
            path = min(unlike, key=str)
            raise ValueError(f"{path}: " + ("the environment has no such part" if path in state else "it is missing"))
        for path, part in parts.items():
            with _naming(path):
                part.restore(state[path])

    def _parts(self) -> dict[str, Part]:
        parts: dict[str, Part] = {}
        for path, found in walk(self._raw):
            if isinstance(found, Place):
                parts[path] = found
            elif isinstance(found, np.random.Generator | np.random.RandomState):
                parts[path] = GeneratorState(found)
            elif _simulates(found):
                if id(found) not in self._simulations:
                    raise ValueError(f"{path}: this simulation was made after the environment")
                parts[path] = self._simulations[id(found)][1]
        return parts


def restorable(id: str, seed: int) -> bool:
    """Whether a restored copy of this environment answers as the original does, bit for bit: found out by trying."""
    try:
        with contextlib.ExitStack() as stack:
            original, other = (stack.enter_context(contextlib.closing(make(id, seed))).raw for _ in range(2))
            return _agree(original, other, seed)
    except Exception:  # an environment may fail in any way at what it was not made for
        return False


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
    said: list[Any] = []
    for index, action in enumerate(actions):
        observation, reward, terminated, truncated, _ = raw.step(action)
        said += [_bytes(raw, observation), np.float64(reward).tobytes(), bool(terminated), bool(truncated)]
        if terminated or truncated or index == len(actions) // 2:
            said.append(_bytes(raw, raw.reset()[0]))
    return said


def _bytes(raw: gymnasium.Env[Any, Any], observation: Any) -> bytes:
    return np.asarray(spaces.flatten(raw.observation_space, observation)).tobytes()


def _simulates(found: object) -> bool:
    """Whether an object is MuJoCo's data, found out without MuJoCo, which not every environment needs."""
    kind = type(found)
    return kind.__name__ == "MjData" and kind.__module__.startswith("mujoco.")


def _simulation(data: object) -> Part:
    from taxon.runtime.mujoco_state import SimulationState

    return SimulationState(data)


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
