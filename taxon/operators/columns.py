"""Columns of an observation that a network does not see."""

from collections.abc import Sequence

import torch
from torch import Tensor


def without(x: Tensor, hidden: Sequence[int]) -> Tensor:
    """x without the columns `hidden`, counted from 0 in ascending order: [..., O] -> [..., O - len(hidden)].

    Made of slices, so that no index has to be brought to the device.
    """
    starts, ends = [0, *(column + 1 for column in hidden)], [*hidden, x.shape[-1]]
    return torch.cat([x[..., start:end] for start, end in zip(starts, ends, strict=True)], -1)
