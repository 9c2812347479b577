"""An environment's spaces as its run's record has them."""

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from taxon.runtime.environments.environment import Environment
from taxon.runtime.folder.manifest import Manifest
from taxon.runtime.folder.spaces import (
    ActionSpace,
    Bits,
    Box,
    BoxAction,
    Choice,
    ChoiceAction,
    Choices,
    Named,
    ObservationSpace,
    Several,
)


def observation_space(space: spaces.Space[Any]) -> ObservationSpace:
    """What an environment shows; a space of another kind is the box that gymnasium flattens it to."""
    match space:
        case spaces.Dict():
            return Named(parts={str(name): observation_space(part) for name, part in space.spaces.items()})
        case spaces.Tuple():
            return Several(parts=[observation_space(part) for part in space.spaces])
        case spaces.Box():
            return Box(shape=list(space.shape), dtype=_name(space.dtype))
        case spaces.Discrete():
            return Choice(n=int(space.n), start=int(space.start), dtype=_name(space.dtype))
        case spaces.MultiDiscrete():
            counts, starts = (np.asarray(part).reshape(-1).tolist() for part in (space.nvec, space.start))
            return Choices(shape=list(space.shape), n=counts, start=starts, dtype=_name(space.dtype))
        case spaces.MultiBinary():
            return Bits(shape=list(space.shape), dtype=_name(space.dtype))
    flat = spaces.flatten_space(space)
    return Box(shape=list(flat.shape or ()), dtype=_name(flat.dtype))


def action_space(space: spaces.Space[Any]) -> ActionSpace:
    """What an environment takes: a box or a choice, which `Environment` has made sure of."""
    if isinstance(space, spaces.Discrete):
        return ChoiceAction(n=int(space.n), start=int(space.start), dtype=_name(space.dtype))
    if not isinstance(space, spaces.Box):
        raise TypeError(f"no policy acts in {space}")
    shape = list(space.shape)
    return BoxAction(shape=shape, dtype=_name(space.dtype), low=_bounds(space.low), high=_bounds(space.high))


def _bounds(array: NDArray[Any]) -> list[Any]:
    numbers: list[Any] = array.reshape(-1).tolist()
    return numbers[:1] if all(number == numbers[0] for number in numbers) else numbers


def _name(dtype: Any) -> str:
    return str(np.dtype(dtype).name)


def check_spaces(record: Manifest, environment: Environment) -> None:
    """Raise UserError where a run's environment no longer shows or takes what its agents were built for."""
    raw = environment.raw
    record.check_spaces(observation_space(raw.observation_space), action_space(raw.action_space))
