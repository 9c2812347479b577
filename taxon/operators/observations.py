"""What an environment shows: a tree of arrays, and the flat row of numbers in which it travels.

Free of torch, so that a process which only steps environments does not load it.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple


class Array(NamedTuple):
    """A leaf: its shape, and the type of its numbers in the environment by the name that numpy and torch share."""

    shape: tuple[int, ...]
    dtype: str = "float32"


Observation = Array | Mapping[str, "Observation"] | tuple["Observation", ...]


def leaves(observation: Observation) -> list[Array]:
    """The leaves in the order in which a row holds them."""
    if isinstance(observation, Array):
        return [observation]
    parts = observation.values() if isinstance(observation, Mapping) else observation
    return [leaf for part in parts for leaf in leaves(part)]


def flat_size(observation: Observation) -> int:
    """O, the numbers of a row."""
    return sum(math.prod(leaf.shape) for leaf in leaves(observation))


def layout_text(observation: Observation) -> str:
    """A layout in one line: `float32[17]`, `{camera: uint8[84, 84, 3], speed: float32[2]}`, `(int64[3], int64[2])`."""
    if isinstance(observation, Array):
        return f"{observation.dtype}[{', '.join(map(str, observation.shape))}]"
    if isinstance(observation, Mapping):
        names = [name if str(name).isidentifier() else ascii(name) for name in observation]
        parts = [f"{name}: {layout_text(part)}" for name, part in zip(names, observation.values(), strict=True)]
        return f"{{{', '.join(parts)}}}"
    return f"({', '.join(map(layout_text, observation))})"
