"""Noise on the actions of a deterministic policy in the box [-1, 1], elementwise; the noise is standard normal."""

from torch import Tensor


def ornstein_uhlenbeck(process: Tensor, noise: Tensor, theta: float, sigma: float) -> Tensor:
    """The next value of noise with memory, x - theta x + sigma noise (Lillicrap et al. 2016, with a time step of one).

    Its stationary variance is sigma^2 / (theta (2 - theta)).
    """
    return process - theta * process + sigma * noise


def perturbed(action: Tensor, noise: Tensor, std: float) -> Tensor:
    """clip(action + std noise, -1, 1)."""
    return (action + std * noise).clamp(-1.0, 1.0)


def smoothed(action: Tensor, noise: Tensor, std: float, clip: float) -> Tensor:
    """clip(action + clip(std noise, -clip, clip), -1, 1): a target's action (Fujimoto et al. 2018, Algorithm 1)."""
    return (action + (std * noise).clamp(-clip, clip)).clamp(-1.0, 1.0)
