"""From the flat rows in which observations travel to the tree that the environment shows."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from taxon.operators.observations import Array, Observation, flat_size


def unflatten(row: Tensor, observation: Observation) -> Any:
    """Views of rows [..., O], built like `observation`: a tensor [..., *shape] for every leaf, of the rows' type."""
    if isinstance(observation, Array):
        return row.reshape(*row.shape[:-1], *observation.shape)
    named = isinstance(observation, Mapping)
    parts = list(observation.values()) if isinstance(observation, Mapping) else list(observation)
    pieces = row.split([flat_size(part) for part in parts], -1)
    tree = [unflatten(piece, part) for piece, part in zip(pieces, parts, strict=True)]
    return dict(zip(observation, tree, strict=True)) if named else tuple(tree)
