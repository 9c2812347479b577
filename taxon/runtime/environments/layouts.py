"""The layout of an environment's observations, from its space."""

from typing import Any

from gymnasium import spaces

from taxon.operators.observations import Array, Observation


def layout_of(space: spaces.Space[Any]) -> Observation:
    """The tree of arrays that a flattened observation holds, in gymnasium's order; choices are one-hot vectors."""
    if isinstance(space, spaces.Dict):
        return {name: layout_of(part) for name, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(layout_of(part) for part in space.spaces)
    if isinstance(space, spaces.Box):
        return Array(space.shape, space.dtype.name)
    flat = spaces.flatten_space(space)
    return Array(tuple(flat.shape or ()), str(flat.dtype))
