"""Initialisers: each returns a function (fan_in, fan_out, generator) -> weights [fan_in, fan_out] or bias [fan_out]."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Initialiser = Callable[[int, int, torch.Generator], Tensor]


def xavier_uniform(gain: float = 1.0) -> Initialiser:
    """Weights U(-b, b), b = gain sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, equation 16)."""

    def weights(fan_in: int, fan_out: int, generator: torch.Generator) -> Tensor:
        return _symmetric(gain * math.sqrt(6 / (fan_in + fan_out)), fan_in, fan_out, generator=generator)

    return weights


def variance_scaling(
    scale: float,
    mode: Literal["fan_in", "fan_out", "fan_avg"],
    distribution: Literal["uniform", "normal", "truncated_normal"],
) -> Initialiser:
    """Weights of mean 0 and variance scale / fan (He et al. 2015, generalised).

    The truncated normal is cut at two of its own standard deviations and widened so that its variance is still
    scale / fan.
    """

    def weights(fan_in: int, fan_out: int, generator: torch.Generator) -> Tensor:
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        std = math.sqrt(scale / fan) if fan else 0.0  # of no weights
        if distribution == "uniform":
            return _symmetric(math.sqrt(3) * std, fan_in, fan_out, generator=generator)
        if distribution == "normal":
            return std * torch.randn(fan_in, fan_out, generator=generator)
        std /= TRUNCATED_STD
        empty = torch.empty(fan_in, fan_out)
        return torch.nn.init.trunc_normal_(empty, std=std, a=-2 * std, b=2 * std, generator=generator)

    return weights


def orthogonal(gain: float = 1.0) -> Initialiser:
    """Weights of orthogonal columns of length gain, or rows where there are fewer of them (Saxe et al. 2014).

    Uniform among all such weights. One of them has the variance gain^2 / max(fan_in, fan_out).
    """

    def weights(fan_in: int, fan_out: int, generator: torch.Generator) -> Tensor:
        return torch.nn.init.orthogonal_(torch.empty(fan_in, fan_out), gain, generator=generator)

    return weights


def uniform_init(bound: float) -> Initialiser:
    """Weights U(-bound, bound)."""

    def weights(fan_in: int, fan_out: int, generator: torch.Generator) -> Tensor:
        return _symmetric(bound, fan_in, fan_out, generator=generator)

    return weights


def zeros(fan_in: int, fan_out: int, generator: torch.Generator) -> Tensor:
    """Bias 0."""
    return torch.zeros(fan_out)


def fan_in_uniform(fan_in: int, fan_out: int, generator: torch.Generator) -> Tensor:
    """Bias U(-b, b), b = 1 / sqrt(fan_in): the default of PyTorch's Linear; 0 where nothing comes in."""
    return _symmetric(1 / math.sqrt(fan_in) if fan_in else 0.0, fan_out, generator=generator)


# Standard deviation of a standard normal cut at +-2: 1 - 4 phi(2) / (2 Phi(2) - 1), under a root.
TRUNCATED_STD = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))


def _symmetric(bound: float, *shape: int, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(shape, generator=generator) - 1) * bound
