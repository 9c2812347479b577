"""Fixed features of an input, for functions that are linear in their parameters. They hold no trained parameter."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from taxon.networks.mlp import Features, affine


def polynomial(degree: int) -> Features:
    """All monomials of total degree 1 to `degree`, by degree; no constant, which is the linear layer's bias.

    Raises ValueError if `degree` is below 1.
    """
    if degree < 1:
        raise ValueError("a polynomial without its constant has at least degree 1")
    return _Polynomial(degree)


def fourier(count: int, width: float, seed: int = 0) -> Features:
    """sqrt(2 / count) cos(w.x / width + b), w ~ N(0, I), b ~ U(0, 2 pi), `count` of them (Rahimi & Recht 2007).

    Products of two such vectors estimate the kernel exp(-|x - y|^2 / (2 width^2)), so `width` has the unit of x. The
    draws depend on `seed` and the input's size alone: they are constants, the same for every training seed.
    """
    return _Fourier(count, width, seed)


@dataclass(frozen=True)
class _Polynomial:
    degree: int

    def size(self, inputs: int) -> int:
        return math.comb(inputs + self.degree, self.degree) - 1

    def __call__(self, x: Tensor) -> Tensor:
        # Group k holds the products of factors x_k and later that contain x_k: each monomial comes up once.
        groups = [x[..., k : k + 1] for k in range(x.shape[-1])]
        parts = [x]
        for _ in range(self.degree - 1):
            groups = [x[..., k : k + 1] * torch.cat(groups[k:], -1) for k in range(x.shape[-1])]
            parts += groups
        return torch.cat(parts, -1)


class _Fourier:
    def __init__(self, count: int, width: float, seed: int) -> None:
        self.count, self.width, self.seed = count, width, seed
        self.waves: dict[int, tuple[Tensor, Tensor]] = {}

    def size(self, inputs: int) -> int:
        # A network needs the size when it is built: the draw must not become part of a gradient or a graph.
        self.waves[inputs] = self._draw(inputs)
        return self.count

    def __call__(self, x: Tensor) -> Tensor:
        frequency, phase = (wave.to(x) for wave in self.waves.get(x.shape[-1]) or self._draw(x.shape[-1]))
        rows = x.reshape(x.shape[0], math.prod(x.shape[1:-1]), x.shape[-1]) / self.width
        angle = affine(rows, frequency.expand(x.shape[0], -1, -1), phase.expand(x.shape[0], -1))
        return (math.sqrt(2 / self.count) * torch.cos(angle)).reshape(*x.shape[:-1], self.count)

    def _draw(self, inputs: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(self.seed)
        frequency = torch.randn(inputs, self.count, generator=generator)
        return frequency, 2 * math.pi * torch.rand(self.count, generator=generator)
