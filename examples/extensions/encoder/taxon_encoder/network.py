"""The encoder's network, for emitted modules."""

import torch
import torch.nn.functional as F
from torch import Tensor

from taxon.networks.initialisers import xavier_uniform
from taxon.networks.mlp import Mlp


class Encoder:
    """tanh(norm(W o + b)): a linear function of the observation, brought to mean 0 and deviation 1 over its numbers."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.linear = Mlp([inputs, outputs], torch.tanh, head_init=xavier_uniform())
        self.size, self.outputs = self.linear.size, outputs

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.linear.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> Tensor:
        """flat [S, P], x [S, ..., O] -> [S, ..., outputs], each in (-1, 1)."""
        return torch.tanh(F.layer_norm(self.linear.apply(flat, x), (self.outputs,)))
