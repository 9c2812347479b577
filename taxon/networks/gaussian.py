"""Gaussian policies over one flat row: an observation in, the mean and standard deviation of every action out."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from taxon.networks.mlp import Mlp
from taxon.operators.functional import softplus

Map = Callable[[Tensor], Tensor]


def identity(x: Tensor) -> Tensor:
    """x."""
    return x


def exp_std(low: float, high: float) -> Map:
    """std = exp(clamp(x, low, high)): the network's output is a log standard deviation."""
    return lambda x: torch.exp(x.clamp(low, high))


def softplus_std(init: float, floor: float) -> Map:
    """std = softplus(x) init / log 2 + floor: `init` (plus the floor) where the network's output is 0."""
    return lambda x: softplus(x) * (init / math.log(2)) + floor


def softplus_variance() -> Map:
    """std = sqrt(softplus(x)): the network's output is a variance before its softplus."""
    return lambda x: softplus(x).sqrt()


class StateDependentNormal:
    """N(mu(s), diag(sigma(s)^2)): the trunk has 2A outputs, the mean's before the standard deviation's."""

    def __init__(self, trunk: Mlp, std: Map, mean: Map = identity) -> None:
        self.trunk, self.std, self.mean = trunk, std, mean
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> mean and standard deviation, both [S, ..., A]."""
        mean, raw = self.trunk.apply(flat, x).chunk(2, -1)
        return self.mean(mean), self.std(raw)


class StateIndependentNormal:
    """N(mu(s), diag(sigma^2)) with a learned sigma: the trunk has A outputs, the row ends in A values for `std`."""

    def __init__(self, trunk: Mlp, std: Map, initial: float, mean: Map = identity) -> None:
        self.trunk, self.std, self.initial, self.mean = trunk, std, initial, mean
        self.size = trunk.size + trunk.outputs

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return torch.cat([self.trunk.init(generator), torch.full((self.trunk.outputs,), self.initial)])

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> mean and standard deviation, both [S, ..., A]."""
        row, raw = torch.split(flat, [self.trunk.size, self.trunk.outputs], -1)
        mean = self.mean(self.trunk.apply(row, x))
        std = self.std(raw).reshape(raw.shape[:1] + (1,) * (mean.dim() - 2) + raw.shape[1:])
        return mean, std.expand_as(mean)


class FixedNormal:
    """N(mu(s), std^2 I) with a constant std: the trunk has A outputs."""

    def __init__(self, trunk: Mlp, std: float, mean: Map = identity) -> None:
        self.trunk, self.std, self.mean = trunk, std, mean
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> mean and standard deviation, both [S, ..., A]."""
        mean = self.mean(self.trunk.apply(flat, x))
        return mean, torch.full_like(mean, self.std)
