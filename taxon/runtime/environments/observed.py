"""What of an observation its space cannot hold, before it is flattened: a cast would make other numbers of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

SHOWN = 60  # characters of a wrong value that are shown


def misfit(space: spaces.Space[Any], observation: Any, name: str = "observation") -> str | None:
    """What is wrong, in words: a choice that is none, a number that an integer box cannot hold, a complex one, a part
    that is missing. None where it fits; whether a box's numbers lie within its bounds is not asked.
    """
    if isinstance(space, spaces.Dict):
        if not isinstance(observation, Mapping):
            return f"{name} is {told(observation)} and no dictionary"
        for key, part in space.spaces.items():
            if key not in observation:
                return f"{name} has no {key!r}"
            if found := misfit(part, observation[key], f"{name}[{key!r}]"):
                return found
        return None
    if isinstance(space, spaces.Tuple):
        if not isinstance(observation, tuple | list) or len(observation) != len(space.spaces):
            return f"{name} is {told(observation)} and no tuple of {len(space.spaces)}"
        parts = enumerate(zip(space.spaces, observation, strict=True))
        return next(filter(None, (misfit(part, each, f"{name}[{at}]") for at, (part, each) in parts)), None)
    if isinstance(space, spaces.Box):
        return _of_box(space, observation, name)
    return None if space.contains(observation) else f"{name} is {told(observation)}, which is not in {space}"


def _of_box(space: spaces.Box, observation: Any, name: str) -> str | None:
    given = np.asarray(observation)
    if given.dtype == space.dtype or given.dtype.kind not in "biufc":
        return None  # what is no number is said where it is flattened
    if given.dtype.kind == "c":
        return f"{name} is {told(observation)}, and its space is of {space.dtype}"
    if np.dtype(space.dtype).kind == "f":
        return None
    with np.errstate(invalid="ignore"):
        lost = given.astype(space.dtype) != given
    if not lost.any():
        return None
    return f"{name} holds {given[lost].flat[0]!s}, and its space is of {space.dtype}"


def told(value: Any) -> str:
    """A wrong value, in few words."""
    if isinstance(value, tuple):
        return f"{len(value)} values"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {list(value.shape)}"
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return f"{value!r:.{SHOWN}}"
    return f"an object of the kind {type(value).__name__}"
