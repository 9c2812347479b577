"""What stands over the policy's perceptron."""

import torch
from torch import Tensor

from taxon.networks.gaussian import Map, identity
from taxon.networks.mlp import Trunk
from taxon.operators.functional import softplus


class Laplace:
    """Location and spread of every action: the trunk has 2A outputs, the location's before the spread's."""

    def __init__(self, trunk: Trunk, floor: float, mean: Map = identity) -> None:
        self.trunk, self.floor, self.mean = trunk, floor, mean
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> location and spread, both [S, ..., A]."""
        location, raw = self.trunk.apply(flat, x).chunk(2, -1)
        return self.mean(location), self.floor + softplus(raw)
