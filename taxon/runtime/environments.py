"""Environments behind one small interface: flat float32 observations, rows of action numbers, two flags at the end.

`terminated` ends the bootstrap, `truncated` does not, and the observation that `step` returns is always the real
successor: nothing here resets by itself.
"""

import contextlib
import difflib
import importlib
import logging
import math
import warnings
from collections.abc import Iterator
from typing import Any, Literal

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


class EnvironmentFaultError(Exception):
    """An environment that broke its own word while it ran."""


class Environment:
    """One environment with its own stream of random numbers.

    observation: size of the flattened observation. action: size of the action, or the number of choices where
    `discrete`.
    """

    def __init__(self, id: str, raw: gymnasium.Env[Any, Any], seed: int) -> None:
        self.id = id
        self.raw = raw
        self.seed: int | None = seed
        space = raw.action_space
        self.discrete = isinstance(space, spaces.Discrete)
        if isinstance(space, spaces.Discrete):
            self.action = int(space.n)
        elif isinstance(space, spaces.Box):
            self.low, self.high = _bounds(id, space)
            self.action = len(self.low)
        else:
            raise UnusableEnvironmentError(
                f"{id} has actions of the kind {type(space).__name__}, but a policy acts in a box or chooses one of n",
                "choose one with continuous actions, such as Hopper-v4, or discrete ones, such as CartPole-v1",
            )
        flat = spaces.flatten_space(raw.observation_space) if raw.observation_space.is_np_flattenable else None
        if not isinstance(flat, spaces.Box):
            raise UnusableEnvironmentError(
                f"{id} has observations of the kind {type(raw.observation_space).__name__}, which do not flatten",
                "choose an environment whose observations are boxes, choices, or dictionaries of them",
            )
        self.observation = int(np.prod(flat.shape))

    def reset(self, seed: int | None = None) -> Array:
        """Start an episode: observation [O]. A seed restarts the random numbers, as the own one does at first.

        Like `step`, it raises whatever the environment does, and EnvironmentFaultError for an observation of another
        size or one that is not finite.
        """
        observation, _ = self.raw.reset(seed=self.seed if seed is None else seed)
        self.seed = None
        return self._flat(observation)

    def step(self, action: NDArray[np.floating[Any]]) -> tuple[Array, float, bool, bool]:
        """Act with a row of [A]: the real next observation, reward, terminated, truncated.

        Continuous actions are clipped to [-1, 1] and rescaled to the box; of a discrete row the largest entry acts.
        """
        observation, reward, terminated, truncated, _ = self.raw.step(self._raw_action(action))
        if not math.isfinite(reward):
            raise EnvironmentFaultError(f"its reward is {reward}")
        return self._flat(observation), float(reward), bool(terminated), bool(truncated)

    def _raw_action(self, action: NDArray[np.floating[Any]]) -> Any:
        space = self.raw.action_space
        if isinstance(space, spaces.Discrete):
            return space.start + np.argmax(action)
        share = (np.clip(action, -1.0, 1.0) + 1.0) / 2.0
        scaled: NDArray[Any] = (self.low + share * (self.high - self.low)).astype(space.dtype)
        return scaled.reshape(space.shape)

    def frame(self) -> NDArray[np.uint8]:
        """The picture of the present state, [height, width, 3]; needs `make(..., render=True)`."""
        return np.asarray(self.raw.render(), dtype=np.uint8)

    @property
    def frames_per_second(self) -> float:
        return float(self.raw.metadata.get("render_fps", 30))

    def close(self) -> None:
        self.raw.close()

    def _flat(self, observation: Any) -> Array:
        flat: Array = np.asarray(spaces.flatten(self.raw.observation_space, observation), dtype=np.float32)
        if flat.shape != (self.observation,):
            raise EnvironmentFaultError(f"its observation has {flat.size} numbers and not {self.observation}")
        if not np.isfinite(flat).all():
            raise EnvironmentFaultError("its observation is not finite")
        return flat


def make(id: str, seed: int, render: bool = False) -> Environment:
    """Make a gymnasium environment, one of this package, or one of dm_control as `dm_control/<domain>-<task>`.

    Raises UnusableEnvironmentError for an unknown id, a missing dependency, or spaces that cannot be used.
    """
    with _quiet():
        raw = _make_raw(id, seed, {"render_mode": "rgb_array"} if render else {})
    try:
        return Environment(id, raw, seed)
    except UnusableEnvironmentError:
        raw.close()
        raise


def action_space(id: str) -> tuple[Literal["continuous", "discrete"], int]:
    """What an environment takes at every step, and how many numbers, or how many actions to choose from.

    Raises UnusableEnvironmentError as `make` does.
    """
    environment = make(id, 0)
    environment.close()
    return "discrete" if environment.discrete else "continuous", environment.action


def check_actions(environment: Environment, discrete: bool) -> None:
    """Raise UnusableEnvironmentError where an agent of this kind cannot act in the environment."""
    if environment.discrete == discrete:
        return
    kinds = {True: "discrete", False: "continuous"}
    example = "CartPole-v1" if discrete else "Pendulum-v1"
    raise UnusableEnvironmentError(
        f"{environment.id} has {kinds[environment.discrete]} actions, and the policy has {kinds[discrete]} ones",
        f"choose another environment, such as {example}, or a spec whose policy suits this one",
    )


def _bounds(id: str, space: spaces.Box) -> tuple[Array, Array]:
    """The ends of a box of actions, [A] each."""
    low, high = (end.astype(np.float32).reshape(-1) for end in (space.low, space.high))
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise UnusableEnvironmentError(
            f"{id} has unbounded actions, which [-1, 1] cannot be rescaled to",
            "wrap it in gymnasium.wrappers.RescaleAction with finite bounds and register the result",
        )
    return low, high


def _make_raw(id: str, seed: int, settings: dict[str, Any]) -> gymnasium.Env[Any, Any]:
    try:
        if id.startswith("dm_control/"):
            from taxon.runtime import dm_control

            known = dm_control.tasks()
            if id in known:
                return dm_control.Task(id, seed, **settings)
        else:
            if id.startswith("taxon/"):
                importlib.import_module("taxon.tasks")  # registers them
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
