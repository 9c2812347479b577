"""Environments behind one small interface: flat float32 observations, rows of action numbers, two flags at the end.

`terminated` ends the bootstrap, `truncated` does not, and the observation that `step` returns is always the real
successor: nothing here resets by itself.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from taxon.runtime.environments.boxes import BoxActions
from taxon.runtime.environments.faults import (
    EnvironmentFaultError,
    UnusableEnvironmentError,
    at,
    described,
    is_the_users,
    place_in,
)
from taxon.runtime.environments.layouts import layout_of
from taxon.runtime.environments.observed import misfit, told
from taxon.runtime.environments.own import raw_of
from taxon.runtime.environments.recipe import Recipe

Row = NDArray[np.float32]

LARGEST = float(np.finfo(np.float32).max)  # what is learned from is float32


class Environment:
    """One environment with its own stream of random numbers.

    observation: size of the flattened observation. layout: the tree of arrays that it holds. dtype: what its numbers
    are in the environment's own space, the widest of them; here they are float32. action: size of the action, or the
    number of choices where `discrete`.
    Raises UnusableEnvironmentError where its spaces cannot be used.
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
            self._box = BoxActions(id, space)
            self.action = self._box.size
        else:
            raise UnusableEnvironmentError(
                f"{id} has actions of the kind {type(space).__name__}, but a policy acts in a box or chooses one of n",
                "choose one with continuous actions, such as Hopper-v4, or discrete ones, such as CartPole-v1",
            )
        flat = _flattened(id, raw.observation_space)
        self.observation = int(np.prod(flat.shape))
        self.layout = layout_of(raw.observation_space)
        self.dtype = flat.dtype

    def reset(self, seed: int | None = None) -> Row:
        """Start an episode: observation [O]. A seed restarts the random numbers, as the own one does at first.

        Like `step`, it raises whatever the environment does, and EnvironmentFaultError for an observation of another
        size or one that is not finite.
        """
        answer = self.raw.reset(seed=self.seed if seed is None else seed)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise EnvironmentFaultError(f"its reset returns {told(answer)} and not (observation, info)")
        self.seed = None
        return self._flat(answer[0])

    def step(self, action: NDArray[np.floating[Any]]) -> tuple[Row, float, bool, bool]:
        """Act with a row of [A]: the real next observation, reward, terminated, truncated.

        Continuous actions are clipped to [-1, 1] and rescaled to the box; of a discrete row the largest entry acts.
        """
        answer = self.raw.step(self._raw_action(action))
        if not isinstance(answer, tuple) or len(answer) != 5:
            wanted = "(observation, reward, terminated, truncated, info)"
            raise EnvironmentFaultError(f"its step returns {told(answer)} and not {wanted}")
        observation, reward, terminated, truncated, _ = answer
        flags = _flag("terminated", terminated), _flag("truncated", truncated)
        return self._flat(observation), _reward(reward), *flags

    def _raw_action(self, action: NDArray[np.floating[Any]]) -> Any:
        space = self.raw.action_space
        if isinstance(space, spaces.Discrete):
            return space.start + np.argmax(action)
        return self._box(action)

    def frame(self) -> NDArray[np.uint8]:
        """The picture of the present state, [height, width, 3]; needs `make(..., render=True)`."""
        picture = self.raw.render()
        if not isinstance(picture, np.ndarray) or picture.ndim != 3 or picture.shape[2] != 3:
            raise EnvironmentFaultError(f"its render returns {told(picture)} and no picture of [height, width, 3]")
        return picture.astype(np.uint8)

    @property
    def frames_per_second(self) -> float:
        return float(self.raw.metadata.get("render_fps") or 30)

    def close(self) -> None:
        self.raw.close()

    def _flat(self, observation: Any) -> Row:
        space = self.raw.observation_space
        if wrong := misfit(space, observation):
            raise EnvironmentFaultError(f"its {wrong}")
        with np.errstate(over="ignore"):
            flat: Row = np.asarray(spaces.flatten(space, observation), dtype=np.float32)
        if flat.shape != (self.observation,):
            raise EnvironmentFaultError(f"its observation has {flat.size} numbers and not {self.observation}")
        if not np.isfinite(flat).all():
            beyond = isinstance(observation, np.ndarray) and np.isfinite(observation).all()
            raise EnvironmentFaultError(f"its observation is not finite{' in float32' if beyond else ''}")
        return flat


def make(recipe: Recipe, seed: int, render: bool = False) -> Environment:
    """Make the environment of a recipe, with its wrappers.

    Raises UnusableEnvironmentError for an unknown id, a missing dependency, spaces that cannot be used, or whatever the
    environment's code raises.
    """
    return environment_of(recipe.id, raw_of(recipe, seed, render), seed)


def environment_of(id: str, raw: gymnasium.Env[Any, Any], seed: int) -> Environment:
    """What was made, as a run sees it; where its spaces cannot be used it is closed.

    Raises UnusableEnvironmentError for those.
    """
    try:
        return Environment(id, raw, seed)
    except BaseException as error:
        with contextlib.suppress(Exception):
            raw.close()
        if isinstance(error, UnusableEnvironmentError) or is_the_users(error):
            raise
        raise UnusableEnvironmentError(
            f"{id} has spaces that cannot be used: {described(error)}",
            f"mend the environment{at(place_in(error))}",
            place_in(error),
        ) from error


def spaces_of(recipe: Recipe) -> tuple[Literal["continuous", "discrete"], int, int]:
    """What an environment takes at every step, how many numbers, or how many actions to choose from, and how many
    numbers it shows.

    It is made for that alone: what it prints goes to standard error, and the working directory stays.
    Raises UnusableEnvironmentError as `make` does.
    """
    with beside():
        environment = make(recipe, 0)
        with contextlib.suppress(Exception):  # a run says so at its end
            environment.close()
    return "discrete" if environment.discrete else "continuous", environment.action, environment.observation


@contextlib.contextmanager
def beside() -> Iterator[None]:
    """What an environment prints goes to standard error, and the working directory stays as it is."""
    here = os.getcwd()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.chdir(here)


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


def _flattened(id: str, space: spaces.Space[Any]) -> spaces.Box:
    """The box that observations are flattened to."""
    help = "choose an environment whose observations are boxes, choices, or dictionaries of them"
    flat = spaces.flatten_space(space) if space.is_np_flattenable else None
    if not isinstance(flat, spaces.Box):
        raise UnusableEnvironmentError(
            f"{id} has observations of the kind {type(space).__name__}, which do not flatten", help
        )
    if not np.prod(flat.shape):
        raise UnusableEnvironmentError(f"{id} has observations of no numbers", help)
    return flat


def _reward(reward: Any) -> float:
    number = reward if type(reward) is float else _number(reward)
    if not abs(number) <= LARGEST:
        beyond = ", more than float32 holds" if np.isfinite(number) else ""
        raise EnvironmentFaultError(f"its reward is {number:g}{beyond}")
    return number


def _number(reward: Any) -> float:
    single = _single(reward)
    try:
        if not isinstance(single, str | bytes):
            return float(single)
    except OverflowError:
        raise EnvironmentFaultError("its reward is more than float32 holds") from None
    except (TypeError, ValueError):
        pass
    raise EnvironmentFaultError(f"its reward is {told(reward)} and no number")


def _flag(name: str, flag: Any) -> bool:
    if type(flag) is bool:
        return flag
    single = _single(flag)
    if isinstance(single, bool | int | float) and single in (0, 1):
        return bool(single)
    raise EnvironmentFaultError(f"its {name} is {told(flag)} and neither true nor false")


def _single(value: Any) -> Any:
    """The one number of an array or a tensor; anything else as it is."""
    try:
        return value.item()
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return value
