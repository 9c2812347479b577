"""Environments behind one small interface: flat float32 observations, actions in [-1, 1], two flags at a step's end.

`terminated` ends the bootstrap, `truncated` does not, and the observation that `step` returns is always the real
successor: nothing here resets by itself.
"""

import contextlib
import difflib
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

Array = NDArray[np.float32]


class UnusableEnvironmentError(Exception):
    """An environment that cannot be made or trained on; `help` says what to do instead."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class Environment:
    """One environment with its own stream of random numbers.

    observation, action: sizes of the flattened observation and of the action.
    """

    def __init__(self, id: str, raw: gymnasium.Env[Any, Any], seed: int) -> None:
        space = raw.action_space
        if not isinstance(space, spaces.Box):
            raise UnusableEnvironmentError(
                f"{id} has actions of the kind {type(space).__name__}, and a policy here acts in a box",
                "choose an environment with continuous actions, such as Pendulum-v1 or Hopper-v4",
            )
        self.low = space.low.astype(np.float32).reshape(-1)
        self.high = space.high.astype(np.float32).reshape(-1)
        if not (np.isfinite(self.low).all() and np.isfinite(self.high).all()):
            raise UnusableEnvironmentError(
                f"{id} has unbounded actions, which [-1, 1] cannot be rescaled to",
                "wrap it in gymnasium.wrappers.RescaleAction with finite bounds and register the result",
            )
        flat = spaces.flatten_space(raw.observation_space) if raw.observation_space.is_np_flattenable else None
        if not isinstance(flat, spaces.Box):
            raise UnusableEnvironmentError(
                f"{id} has observations of the kind {type(raw.observation_space).__name__}, which do not flatten",
                "choose an environment whose observations are boxes, or dictionaries of them",
            )
        self.id = id
        self.raw = raw
        self.seed: int | None = seed
        self.observation = int(np.prod(flat.shape))
        self.action = len(self.low)

    def reset(self) -> Array:
        """Start an episode; the first call seeds the environment. Returns the observation, [O]."""
        observation, _ = self.raw.reset(seed=self.seed)
        self.seed = None
        return self._flat(observation)

    def step(self, action: NDArray[np.floating[Any]]) -> tuple[Array, float, bool, bool]:
        """Act with an action of [A], clipped to [-1, 1]: the real next observation, reward, terminated, truncated."""
        share = (np.clip(action, -1.0, 1.0) + 1.0) / 2.0
        scaled = (self.low + share * (self.high - self.low)).astype(self.raw.action_space.dtype)
        observation, reward, terminated, truncated, _ = self.raw.step(scaled.reshape(self.raw.action_space.shape))
        return self._flat(observation), float(reward), bool(terminated), bool(truncated)

    def frame(self) -> NDArray[np.uint8]:
        """The picture of the present state, [height, width, 3]; needs `make(..., render=True)`."""
        return np.asarray(self.raw.render(), dtype=np.uint8)

    @property
    def frames_per_second(self) -> float:
        return float(self.raw.metadata.get("render_fps", 30))

    def close(self) -> None:
        self.raw.close()

    def _flat(self, observation: Any) -> Array:
        return np.asarray(spaces.flatten(self.raw.observation_space, observation), dtype=np.float32)


def make(id: str, seed: int, render: bool = False) -> Environment:
    """Make a gymnasium environment, or one of dm_control as `dm_control/<domain>-<task>`.

    Raises UnusableEnvironmentError for an unknown id, a missing dependency, or spaces that cannot be used.
    """
    with _quiet():
        raw = _make_raw(id, seed, {"render_mode": "rgb_array"} if render else {})
    return Environment(id, raw, seed)


def _make_raw(id: str, seed: int, settings: dict[str, Any]) -> gymnasium.Env[Any, Any]:
    try:
        if id.startswith("dm_control/"):
            from taxon.runtime import dm_control

            known = dm_control.tasks()
            if id in known:
                return dm_control.Task(id, seed, **settings)
        else:
            known = list(gymnasium.registry)
            # The checker costs time at every step and only repeats what Environment checks once.
            return gymnasium.make(id, disable_env_checker=True, **settings)
    except (gymnasium.error.NameNotFound, gymnasium.error.VersionNotFound, gymnasium.error.NamespaceNotFound):
        pass
    except (ImportError, gymnasium.error.DependencyNotInstalled) as error:
        raise UnusableEnvironmentError(
            f"{id} needs what is not installed here: {error}", f"install it, or choose another version of {id}"
        ) from error
    except gymnasium.error.Error as error:
        raise UnusableEnvironmentError(f"{id} cannot be made: {error}", "choose another version of it") from error
    close = difflib.get_close_matches(id, known, n=3)
    raise UnusableEnvironmentError(
        f"there is no environment {id}",
        f"did you mean {', '.join(close)}?"
        if close
        else "use a gymnasium id such as Hopper-v4, or dm_control/walker-walk",
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """While a model is built, drop notices about old versions; afterwards MuJoCo's warnings go to `logging`.

    Left alone, MuJoCo appends every warning to a file in the working directory.
    """
    try:
        import mujoco
    except ImportError:
        mujoco = None
    if mujoco is not None:
        mujoco.set_mju_user_warning(lambda message: None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if mujoco is not None:
            mujoco.set_mju_user_warning(logging.getLogger("mujoco").warning)
