"""Running mean and variance of observations, per seed (Chan et al. 1983).

The sums are float64: once there are some ten million, one observation more changes neither a mean nor a sum of squares
of float32, which does not count beyond 16,777,216 either.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from taxon.operators.observations import Observation, leaves


class Statistics(NamedTuple):
    """Number, mean and sum of squared deviations of everything seen."""

    seen: Tensor  # [S], int64
    mean: Tensor  # [S, O], float64
    m2: Tensor  # [S, O], float64


def empty_statistics(seeds: int, observation: int) -> Statistics:
    """Nothing seen yet: normalising with it leaves the mean at 0 and the standard deviation at 1."""
    zeros = torch.zeros(seeds, observation, dtype=torch.float64)
    return Statistics(torch.zeros(seeds, dtype=torch.int64), zeros, zeros.clone())


def update_statistics(stats: Statistics, batch: Tensor, until: float) -> Statistics:
    """Merge new observations [S, N, O]; a seed that has seen `until` or more keeps its statistics."""
    new, batch = batch.shape[1], batch.to(stats.mean.dtype)
    before = stats.seen.to(batch.dtype).unsqueeze(-1)
    batch_mean = batch.sum(1) / new
    batch_m2 = (batch - batch_mean.unsqueeze(1)).square().sum(1)
    delta = batch_mean - stats.mean
    share = new / (before + new)
    mean = stats.mean + delta * share
    m2 = stats.m2 + batch_m2 + delta.square() * (before * share)
    learning = stats.seen < until
    row = learning.unsqueeze(-1)
    return Statistics(
        torch.where(learning, stats.seen + new, stats.seen),
        torch.where(row, mean, stats.mean),
        torch.where(row, m2, stats.m2),
    )


def normalise(stats: Statistics, x: Tensor, eps: float, clip: float = math.inf) -> Tensor:
    """(x - mean) / (std + eps), then clamped to [-clip, clip]: [S, ..., O] -> [S, ..., O]; population std."""
    seen = stats.seen.unsqueeze(-1)
    variance = torch.where(seen > 0, stats.m2 / seen.clamp(min=1), torch.ones_like(stats.m2))
    shape = (x.shape[0],) + (1,) * (x.dim() - 2) + (x.shape[-1],)
    mean, scale = (each.to(x.dtype).reshape(shape) for each in (stats.mean, variance.sqrt() + eps))
    return ((x - mean) / scale).clamp(-clip, clip)


def normalise_real(
    stats: Statistics, x: Tensor, observation: Observation, eps: float, clip: float = math.inf
) -> Tensor:
    """`normalise` of the arrays of real numbers in a row [S, ..., O]; those of integers stay as they are."""
    arrays = leaves(observation)
    sizes = [math.prod(array.shape) for array in arrays]
    both = zip(arrays, *(torch.split(each, sizes, -1) for each in (normalise(stats, x, eps, clip), x)), strict=True)
    return torch.cat([new if array.dtype.startswith("float") else old for array, new, old in both], -1)
