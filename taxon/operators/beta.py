"""Independent Beta distributions on the box: a = 2 x - 1, x_d ~ Beta(alpha_d, beta_d), with alpha, beta >= 1.

`concentration1` is alpha and `concentration0` beta, as in torch.distributions. Action dimensions are the last axis.
Densities are those of the action, so each dimension has log 2 less than that of x.

The logarithm of the gamma function and its derivative are series of elementary functions, whose bits do not depend on
what else is in the batch, and which are differentiated as often as need be.
"""

import math

import torch
from torch import Tensor

MARGIN = 1e-6  # how near to the ends of (0, 1) an x is taken to lie: at the ends themselves the density is 0
PROPOSALS = 6  # of a gamma draw: each is accepted with a probability of at least 0.95, so one draw in 8e7 has none
NORMALS = 36  # of the noise of an action: three for each proposal of two gamma draws
_SHIFT = 8
# B_2k / (2k (2k - 1)), of Stirling's series for log Gamma; at 9 and above the rest is below 1e-16
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def beta_sample(concentration1: Tensor, concentration0: Tensor, noise: Tensor) -> Tensor:
    """An action from standard normal noise: [..., A], [..., NORMALS, A] -> [..., A]; leading axes broadcast.

    x = G1 / (G1 + G0) of two gamma draws. No gradient passes: whether a proposal is accepted depends on the
    parameters, and the derivative of x by them has no form that is exact and of fixed cost.
    """
    first, second = noise.chunk(2, -2)
    upper, lower = gamma_sample(concentration1, first), gamma_sample(concentration0, second)
    return 2 * (upper / (upper + lower)).clamp(MARGIN, 1 - MARGIN) - 1


def gamma_sample(concentration: Tensor, noise: Tensor) -> Tensor:
    """Gamma(alpha, 1) for alpha >= 1 by Marsaglia and Tsang's rejection (2000), detached.

    d v, v = (1 + z / sqrt(9 d))^3, d = alpha - 1/3, is accepted where log u < z^2 / 2 + d (1 - v + log v). The first of
    `PROPOSALS` that is accepted is the draw, the last one where none is. -log u is exponential, half the sum of two
    squared normals. concentration [..., A], noise [..., 3 * PROPOSALS, A] -> [..., A].
    """
    d = concentration.detach() - 1 / 3
    z, first, second = noise.chunk(3, -2)
    d_, log_u = d.unsqueeze(-2), -0.5 * (first.square() + second.square())
    root = 1 + z / torch.sqrt(9 * d_)
    v = (root * root * root).clamp(min=torch.finfo(root.dtype).tiny)
    accepted = (root > 0) & (log_u < 0.5 * z.square() + d_ * (1 - v + torch.log(v)))
    drawn = v[..., -1, :]
    for k in range(PROPOSALS - 2, -1, -1):
        drawn = torch.where(accepted[..., k, :], v[..., k, :], drawn)
    return d * drawn


def beta_log_prob(concentration1: Tensor, concentration0: Tensor, action: Tensor) -> Tensor:
    """log pi(a) = sum_d [(alpha - 1) log x + (beta - 1) log(1 - x) - log B(alpha, beta) - log 2], x = (a + 1) / 2.

    [..., A] -> [...]. x is no nearer to 0 and 1 than `MARGIN`, as in a draw, so the density is finite at the box's edge
    and beyond.
    """
    x = ((action + 1) / 2).clamp(MARGIN, 1 - MARGIN)
    powers = (concentration1 - 1) * torch.log(x) + (concentration0 - 1) * torch.log1p(-x)
    return (powers - _log_beta(concentration1, concentration0) - math.log(2)).sum(-1)


def beta_entropy(concentration1: Tensor, concentration0: Tensor) -> Tensor:
    """sum_d [log B - (alpha - 1) psi(alpha) - (beta - 1) psi(beta) + (alpha + beta - 2) psi(alpha + beta) + log 2].

    In nats: [..., A] -> [...].
    """
    both = concentration1 + concentration0
    slopes = (concentration1 - 1) * digamma(concentration1) + (concentration0 - 1) * digamma(concentration0)
    level = _log_beta(concentration1, concentration0) + (both - 2) * digamma(both)
    return (level - slopes + math.log(2)).sum(-1)


def beta_kl(old1: Tensor, old0: Tensor, new1: Tensor, new0: Tensor) -> Tensor:
    """KL(old || new) = sum_d [log B(new) - log B(old) + (alpha - alpha') psi(alpha) + (beta - beta') psi(beta)
    + (alpha' - alpha + beta' - beta) psi(alpha + beta)], alpha and beta the old ones: [..., A] -> [...].

    In nats; the box's scale drops out.
    """
    down1, down0 = old1 - new1, old0 - new0
    slopes = down1 * digamma(old1) + down0 * digamma(old0) - (down1 + down0) * digamma(old1 + old0)
    return (_log_beta(new1, new0) - _log_beta(old1, old0) + slopes).sum(-1)


def beta_mean(concentration1: Tensor, concentration0: Tensor) -> Tensor:
    """The mean action, 2 alpha / (alpha + beta) - 1, elementwise."""
    return 2 * concentration1 / (concentration1 + concentration0) - 1


def log_gamma(x: Tensor) -> Tensor:
    """log Gamma(x) for x > 0, elementwise: Stirling's series at x + 8, less the logarithm of x (x + 1) ... (x + 7)."""
    z = x + _SHIFT
    inverse = 1 / z
    square = inverse * inverse
    rest = torch.zeros_like(x)
    for coefficient in reversed(_STIRLING):
        rest = rest * square + coefficient
    first = x * (x + 1) * (x + 2) * (x + 3)
    second = (x + 4) * (x + 5) * (x + 6) * (x + 7)
    stirling = (z - 0.5) * torch.log(z) - z + (0.5 * math.log(2 * math.pi)) + rest * inverse
    return stirling - torch.log(first) - torch.log(second)


def digamma(x: Tensor) -> Tensor:
    """psi(x) = d log Gamma(x) / dx for x > 0, elementwise, by the derivatives of `log_gamma`'s terms."""
    z = x + _SHIFT
    inverse = 1 / z
    square = inverse * inverse
    rest = torch.zeros_like(x)
    for k in range(len(_STIRLING), 0, -1):
        rest = rest * square + (2 * k - 1) * _STIRLING[k - 1]
    shifts = 1 / x
    for k in range(1, _SHIFT):
        shifts = shifts + 1 / (x + k)
    return torch.log(z) - 0.5 * inverse - rest * square - shifts


def _log_beta(concentration1: Tensor, concentration0: Tensor) -> Tensor:
    return log_gamma(concentration1) + log_gamma(concentration0) - log_gamma(concentration1 + concentration0)
