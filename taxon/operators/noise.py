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
