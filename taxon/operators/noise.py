"""Explicit noise: one generator per seed, so that a seed draws the same alone or among others.

A draw happens where its generator lives: with generators on the training device nothing crosses to the host.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def standard_normal(generators: Sequence[torch.Generator], *shape: int, device: torch.device) -> Tensor:
    """Standard normal draws [S, *shape] in float32 on `device`, one generator per seed."""
    draws = [torch.randn(shape, generator=generator, device=generator.device) for generator in generators]
    return torch.stack(draws).to(device)


def uniform(generators: Sequence[torch.Generator], *shape: int, device: torch.device) -> Tensor:
    """Uniform draws in [0, 1), [S, *shape], in float32 on `device`, one generator per seed."""
    draws = [torch.rand(shape, generator=generator, device=generator.device) for generator in generators]
    return torch.stack(draws).to(device)


def no_noise(generators: Sequence[torch.Generator], device: torch.device) -> tuple[()]:
    """The noise of an update that draws nothing."""
    return ()
