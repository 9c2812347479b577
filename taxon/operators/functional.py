"""Elementary functions written so that a seed's numbers do not depend on how many seeds stand beside it.

On the CPU a fused kernel computes the tail of a tensor with scalar code and the rest with vector code, whose last bits
differ; a lone long row is summed by several threads where rows of a batch are not; and a BLAS library may order the
sums of a product by where its factors begin in memory. Which element falls where depends on S. The forms below are
compositions of kernels that treat every element alike, and give products memory of their own.
"""

import torch
from torch import Tensor

# A reduction to one number is split among threads from 32,768 elements on: shorter pieces never are.
SPLIT = 32_768
PIECE = 4096


def elu(x: Tensor) -> Tensor:
    """ELU with unit slope: x for x > 0, exp(x) - 1 otherwise (Clevert et al. 2016), elementwise."""
    positive = torch.relu(x)
    return positive + torch.expm1(x - positive)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)), elementwise; x itself above 20, where they agree to 2e-9."""
    return torch.where(x > 20.0, x, torch.log1p(torch.exp(x.clamp(max=20.0))))


def total(x: Tensor) -> Tensor:
    """Sum over the last axis: [..., N] -> [...]."""
    length = x.shape[-1]
    if length <= PIECE:
        return x.sum(-1)
    whole, rest = torch.split(x, [length - length % PIECE, length % PIECE], -1)
    pieces = whole.reshape(*x.shape[:-1], -1, PIECE)
    return total(torch.cat([pieces.sum(-1), rest.sum(-1, keepdim=True)], -1))


def sum_over(x: Tensor, dim: int) -> Tensor:
    """Sum over the axis `dim`, which leaves the shape."""
    return total(x) if dim in (-1, x.dim() - 1) else x.sum(dim)


def average(x: Tensor) -> Tensor:
    """Mean over the last axis: [..., N] -> [...]."""
    return total(x) / x.shape[-1]


def seed_average(x: Tensor) -> Tensor:
    """Mean over every axis but the first: [S, ...] -> [S]."""
    return average(x.flatten(1)) if x.dim() > 1 else x


def over_states(x: Tensor, states: Tensor | None) -> Tensor:
    """Mean of a number of each state, [S, B] or one of each seed, [S]: -> [S]; of those where `states` [S, B] is 1."""
    return seed_average(x) if states is None else total(x * states) / total(states).clamp(min=1.0)


def seed_least(x: Tensor) -> Tensor:
    """The least number of a seed: [S, ...] -> [S], detached."""
    return x.detach().flatten(1).amin(-1)


def seed_largest(x: Tensor) -> Tensor:
    """The largest number of a seed: [S, ...] -> [S], detached."""
    return x.detach().flatten(1).amax(-1)


def apart(x: Tensor) -> Tensor:
    """The same numbers in memory of their own, for products of matrices; their gradient, too, comes in its own.

    A seed's part of a tensor begins wherever those before it end, and where a processor lacks AVX-512, MKL orders the
    sums of some products by that (benchmarks/findings.md). Copying alone would hand on a gradient as it lies.
    """
    return x * 1


def per_seed(scale: Tensor | float, like: Tensor) -> Tensor | float:
    """A scale per seed ([S] or [S, 1]) shaped to multiply `like` [S, ...]; a float stays a float."""
    if isinstance(scale, float | int):
        return scale
    return scale.reshape(scale.shape[:1] + (1,) * (like.dim() - 1))


def spread(scale: Tensor, like: Tensor) -> Tensor:
    """A scale per seed ([S] or [S, 1]) to divide a long `like` [S, ...] by, where the scale carries the gradient.

    It broadcasts against `like`; its gradient, a sum over all that belongs to a seed, is summed in pieces.
    """
    length = like[0].numel()
    if length < SPLIT:
        return scale.reshape(scale.shape[:1] + (1,) * (like.dim() - 1))
    pieces = scale.reshape(-1, 1, 1).expand(-1, -(-length // PIECE), 1).expand(-1, -1, PIECE)
    return pieces.flatten(1)[:, :length].reshape(like.shape)
