"""Divergences between diagonal Gaussians, per dimension: [..., A] -> [..., A]. Sum over A for the divergence itself.

The direction is KL(old || new). The decoupled parts hold the other parameter at its old value, so they do not add up
to the full divergence (Abdolmaleki et al. 2018b, section 4.2).
"""

import torch
from torch import Tensor


def kl_mean(old_mean: Tensor, old_std: Tensor, new_mean: Tensor) -> Tensor:
    """KL(N(m0, s0) || N(m1, s0)) = (m1 - m0)^2 / (2 s0^2)."""
    return 0.5 * ((new_mean - old_mean) / old_std).square()


def kl_std(old_std: Tensor, new_std: Tensor) -> Tensor:
    """KL(N(m0, s0) || N(m0, s1)) = log(s1 / s0) + s0^2 / (2 s1^2) - 1/2."""
    ratio = old_std / new_std
    return 0.5 * (ratio.square() - 1) - torch.log(ratio)


def kl_normal(old_mean: Tensor, old_std: Tensor, new_mean: Tensor, new_std: Tensor) -> Tensor:
    """KL(N(m0, s0) || N(m1, s1)) = log(s1 / s0) + (s0^2 + (m1 - m0)^2) / (2 s1^2) - 1/2."""
    return kl_std(old_std, new_std) + 0.5 * ((new_mean - old_mean) / new_std).square()
