"""Gaussian policies over one flat row: an observation in, the mean and standard deviation of every action out."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from taxon.networks.mlp import Mlp, Trunk, affine
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

    def __init__(self, trunk: Trunk, std: Map, mean: Map = identity) -> None:
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

    def __init__(self, trunk: Trunk, std: Map, initial: float, mean: Map = identity) -> None:
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

    def project(self, flat: Tensor, low: float, high: float) -> Tensor:
        """The values for `std` within [low, high]: [S, P] -> [S, P].

        Outside the interval that `exp_std` clamps to a value has no gradient, and no step would bring it back.
        """
        row, raw = torch.split(flat, [self.trunk.size, self.trunk.outputs], -1)
        return torch.cat([row, raw.clamp(low, high)], -1)


class FixedNormal:
    """N(mu(s), std^2 I) with a constant std: the trunk has A outputs."""

    def __init__(self, trunk: Trunk, std: float, mean: Map = identity) -> None:
        self.trunk, self.std, self.mean = trunk, std, mean
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> mean and standard deviation, both [S, ..., A]."""
        mean = self.mean(self.trunk.apply(flat, x))
        return mean, torch.full_like(mean, self.std)


class ParameterNormal:
    """Exploration in parameter space (Kober & Peters 2008, Section 2.3): a = (theta + eps)^T phi~(s).

    phi~ = [features, 1] and eps_ja ~ N(0, sigma_ja^2), drawn anew at every step, hence
    a ~ N(W phi + b, diag(std(s)^2)) with std(s)_a^2 = sum_j sigma_ja^2 phi~_j(s)^2.
    The row holds the trunk's, then log sigma [F + 1, A] flattened. A trunk with a hidden layer raises ValueError.
    """

    def __init__(self, trunk: Mlp, initial: float) -> None:
        if len(trunk.shapes) != 1:
            raise ValueError("exploration in parameter space needs a mean that is linear in its features")
        inputs, actions = trunk.shapes[0]
        self.trunk, self.initial, self.shape = trunk, initial, (inputs + 1, actions)
        self.size = trunk.size + (inputs + 1) * actions

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row, every sigma at `initial`: [P]."""
        log_sigma = torch.full((self.size - self.trunk.size,), math.log(self.initial))
        return torch.cat([self.trunk.init(generator), log_sigma])

    def features(self, x: Tensor) -> Tensor:
        """phi~ of an input: [S, ..., O] -> [S, ..., F + 1], the constant last."""
        phi = self.trunk.read(x)
        return torch.cat([phi, torch.ones_like(phi[..., :1])], -1)

    def sigma(self, flat: Tensor) -> Tensor:
        """flat [S, P] -> standard deviation of every parameter [S, F + 1, A]."""
        return torch.exp(flat[:, self.trunk.size :]).reshape(-1, *self.shape)

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> mean and standard deviation, both [S, ..., A]."""
        phi = self.trunk.read(x)
        variance = self.sigma(flat).square()
        squares = phi.square().reshape(phi.shape[0], -1, phi.shape[-1])
        std = affine(squares, variance[:, :-1], variance[:, -1]).sqrt()
        mean = self.trunk.apply(flat[:, : self.trunk.size], x)
        return mean, std.reshape(mean.shape)
