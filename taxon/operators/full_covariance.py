"""Gaussians with a full covariance, Sigma = L L^T, and the divergence between two of them in nats.

`scale` is L [..., A, A]: lower-triangular, zero above a positive diagonal. Means, values and noise are [..., A].
Leading axes broadcast, so unsqueeze mean and scale where the value has an axis of samples.

KL(old || new) is split into a part of the mean, measured by the old covariance, and a part of the covariance. The first
is not the mean's share of the full divergence, which the new covariance measures (Abdolmaleki et al. 2018a; 2018b,
Appendix D.3).
"""

import torch
from torch import Tensor

from taxon.operators.distributions import HALF_LOG_TWO_PI


def full_sample(mean: Tensor, scale: Tensor, noise: Tensor) -> Tensor:
    """mean + L noise: a reparameterised sample for standard normal noise [..., A] -> [..., A]."""
    return mean + (scale * noise.unsqueeze(-2)).sum(-1)


def full_log_prob(mean: Tensor, scale: Tensor, value: Tensor) -> Tensor:
    """log N(value; mean, L L^T): -> [...]."""
    return -_half_square(scale, value - mean) - _log_determinant(scale) - scale.shape[-1] * HALF_LOG_TWO_PI


def full_entropy(scale: Tensor) -> Tensor:
    """Entropy of N(., L L^T) in nats, log |L| + A (1 + log 2 pi) / 2: -> [...]."""
    return _log_determinant(scale) + scale.shape[-1] * (0.5 + HALF_LOG_TWO_PI)


def deviations(scale: Tensor) -> Tensor:
    """The standard deviation of every dimension, the square root of the diagonal of L L^T: [..., A, A] -> [..., A]."""
    return scale.square().sum(-1).sqrt()


def full_kl_mean(old_mean: Tensor, old_scale: Tensor, new_mean: Tensor) -> Tensor:
    """KL(N(m0, S0) || N(m1, S0)) = 1/2 (m1 - m0)^T S0^-1 (m1 - m0): -> [...]."""
    return _half_square(old_scale, new_mean - old_mean)


def full_kl_cov(old_scale: Tensor, new_scale: Tensor) -> Tensor:
    """KL(N(m0, S0) || N(m0, S1)) = 1/2 [tr(S1^-1 S0) - A + log(|S1| / |S0|)]: -> [...]."""
    # tr(S1^-1 S0) is the squared norm of L1^-1 L0, column by column.
    half_trace = _half_square(new_scale.unsqueeze(-3), old_scale.mT).sum(-1)
    return half_trace - 0.5 * new_scale.shape[-1] + _log_determinant(new_scale) - _log_determinant(old_scale)


def full_kl(old_mean: Tensor, old_scale: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """KL(N(m0, S0) || N(m1, S1)), the mean's part measured by S1: -> [...]."""
    return _half_square(scale, mean - old_mean) + full_kl_cov(old_scale, scale)


def _half_square(scale: Tensor, value: Tensor) -> Tensor:
    """1/2 ||L^-1 value||^2: [..., A, A], [..., A] -> [...]."""
    return 0.5 * _substitute(scale, value).square().sum(-1)


def _log_determinant(scale: Tensor) -> Tensor:
    """log |L|: [..., A, A] -> [...]."""
    return torch.log(scale.diagonal(dim1=-2, dim2=-1).contiguous()).sum(-1)


def _substitute(scale: Tensor, value: Tensor) -> Tensor:
    """L^-1 value by forward substitution: [..., A, A], [..., A] -> [..., A].

    Elementwise on the leading axes, so that the last bits of a row do not depend on its neighbours, which a batched
    LAPACK or BLAS solve does not promise.
    """
    solved = []
    rest = value
    for i in range(scale.shape[-1]):
        pivot = rest[..., 0] / scale[..., i, i]
        solved.append(pivot)
        rest = rest[..., 1:] - scale[..., i + 1 :, i] * pivot.unsqueeze(-1)
    return torch.stack(solved, -1)
