"""Diagonal Gaussians as functions of (mean, std), and their tanh-squashed form. Action dimensions are the last axis."""

import math

import torch
from torch import Tensor

from taxon.operators.functional import softplus

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def normal_sample(mean: Tensor, std: Tensor, noise: Tensor) -> Tensor:
    """mean + std * noise: a reparameterised sample for standard normal noise, shapes broadcast."""
    return mean + std * noise


def box_sample(noise: Tensor) -> Tensor:
    """A uniform draw of [-1, 1] a dimension for pairs of standard normal draws: [..., 2, A] -> [..., A].

    exp(-|x|^2 / 2) of a pair is uniform on [0, 1] (Box and Muller 1958).
    """
    return 2 * torch.exp(-0.5 * (noise[..., 0, :].square() + noise[..., 1, :].square())) - 1


def normal_log_prob(mean: Tensor, std: Tensor, value: Tensor) -> Tensor:
    """log N(value; mean, diag(std^2)), summed over the last axis: [..., A] -> [...]."""
    return (-0.5 * ((value - mean) / std).square() - torch.log(std) - HALF_LOG_TWO_PI).sum(-1)


def normal_entropy(std: Tensor) -> Tensor:
    """Entropy of N(., diag(std^2)) in nats, sum_d [log std_d + (1 + log 2 pi) / 2]: [..., A] -> [...]."""
    return (torch.log(std) + (0.5 + HALF_LOG_TWO_PI)).sum(-1)


def tanh_log_jacobian(u: Tensor) -> Tensor:
    """sum_d log(1 - tanh(u_d)^2) = sum_d 2 (log 2 - u_d - softplus(-2 u_d)), finite for any u: [..., A] -> [...]."""
    return (2 * (math.log(2) - u - softplus(-2 * u))).sum(-1)


def tanh_normal_log_prob(mean: Tensor, std: Tensor, u: Tensor) -> Tensor:
    """log pi(a), a = tanh(u), u ~ N(mean, diag(std^2)): [..., A] -> [...] (Haarnoja et al. 2018a, Appendix C)."""
    return normal_log_prob(mean, std, u) - tanh_log_jacobian(u)


def atanh_clamped(action: Tensor, eps: float) -> Tensor:
    """The u of a stored action, with |action| first clamped to 1 - eps: elementwise."""
    a = action.clamp(-1 + eps, 1 - eps)
    return 0.5 * (torch.log1p(a) - torch.log1p(-a))
