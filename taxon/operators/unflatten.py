"""From the flat rows in which observations travel to the tree that the environment shows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from taxon.operators.observations import Array, Observation, flat_size


def unflatten(row: Tensor, observation: Observation) -> Any:
    """Views of rows [..., O], built like `observation`: a tensor [..., *shape] for every leaf, of the rows' type."""
    if isinstance(observation, Array):
        return row.reshape(*row.shape[:-1], *observation.shape)
    if isinstance(observation, Mapping):
        return dict(zip(observation, _parts(row, list(observation.values())), strict=True))
    return tuple(_parts(row, observation))


def _parts(row: Tensor, observations: Sequence[Observation]) -> Iterator[Any]:
    start = 0
    for each in observations:
        size = flat_size(each)
        yield unflatten(row[..., start : start + size], each)
        start += size
