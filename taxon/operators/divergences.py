"""The two parts of KL(old || new) between diagonal Gaussians, per dimension: [..., A] -> [..., A].

Each holds the other parameter at its old value, so they do not add up to the full divergence (Abdolmaleki et al. 2018a;
Hoffman et al. 2020). Abdolmaleki et al. 2018b, Appendix D.3, split the divergence itself: there the mean's part is
measured by the new covariance.
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
