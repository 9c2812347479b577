"""Laplace distributions as functions of (location, spread), the dimensions of an action last."""

import math

import torch
from torch import Tensor


def laplace_sample(location: Tensor, spread: Tensor, noise: Tensor) -> Tensor:
    """A reparameterised draw for standard normal noise, shapes broadcast: the same quantile, of which erfc gives the
    tail."""
    return location - spread * noise.sign() * torch.log(torch.erfc(noise.abs() / math.sqrt(2)))


def laplace_log_prob(location: Tensor, spread: Tensor, value: Tensor) -> Tensor:
    """sum_d [-|value - location| / spread - log(2 spread)]: [..., A] -> [...]."""
    return (-(value - location).abs() / spread - torch.log(2 * spread)).sum(-1)


def laplace_entropy(spread: Tensor) -> Tensor:
    """sum_d [1 + log(2 spread)], in nats: [..., A] -> [...]."""
    return (1 + torch.log(2 * spread)).sum(-1)


def laplace_kl(location0: Tensor, spread0: Tensor, location1: Tensor, spread1: Tensor) -> Tensor:
    """KL of the first from the second, summed over the last axis: [..., A] -> [...]."""
    apart = (location0 - location1).abs()
    mixed = (spread0 * torch.exp(-apart / spread0) + apart) / spread1
    return (torch.log(spread1 / spread0) + mixed - 1).sum(-1)
