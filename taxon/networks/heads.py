"""Policies without a density over real actions: a choice among A, and a plain function."""

import torch
from torch import Tensor

from taxon.networks.gaussian import Map
from taxon.networks.mlp import Mlp


class Categorical:
    """softmax(logits(s)) over A actions: the trunk has A outputs."""

    def __init__(self, trunk: Mlp) -> None:
        self.trunk = trunk
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> Tensor:
        """flat [S, P], x [S, ..., O] -> logits [S, ..., A], not normalised."""
        return self.trunk.apply(flat, x)


class Deterministic:
    """a = mean(trunk(s)), in [-1, 1] with the default: the trunk has A outputs."""

    def __init__(self, trunk: Mlp, mean: Map = torch.tanh) -> None:
        self.trunk, self.mean = trunk, mean
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> Tensor:
        """flat [S, P], x [S, ..., O] -> action [S, ..., A]."""
        return self.mean(self.trunk.apply(flat, x))
