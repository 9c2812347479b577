"""KL(old || new) between diagonal Gaussians in nats: the whole of it, and its two parts per dimension.

Each part holds the other parameter at its old value, so they do not add up to the full divergence (Abdolmaleki et al.
2018a; Hoffman et al. 2020). Abdolmaleki et al. 2018b, Appendix D.3, split the divergence itself: there the mean's part
is measured by the new covariance.
"""

import torch
from torch import Tensor


def kl_mean(old_mean: Tensor, old_std: Tensor, new_mean: Tensor) -> Tensor:
    """KL(N(m0, s0) || N(m1, s0)) = (m1 - m0)^2 / (2 s0^2): [..., A] -> [..., A]."""
    return 0.5 * ((new_mean - old_mean) / old_std).square()


def kl_std(old_std: Tensor, new_std: Tensor) -> Tensor:
    """KL(N(m0, s0) || N(m0, s1)) = log(s1 / s0) + s0^2 / (2 s1^2) - 1/2: [..., A] -> [..., A]."""
    ratio = old_std / new_std
    return 0.5 * (ratio.square() - 1) - torch.log(ratio)


def normal_kl(old_mean: Tensor, old_std: Tensor, new_mean: Tensor, new_std: Tensor) -> Tensor:
    """KL(N(m0, s0) || N(m1, s1)) = sum_d [log(s1 / s0) + (s0^2 + (m1 - m0)^2) / (2 s1^2) - 1/2]: [..., A] -> [...]."""
    return (kl_std(old_std, new_std) + kl_mean(old_mean, new_std, new_mean)).sum(-1)
