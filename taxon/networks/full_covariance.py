"""Gaussian policies with a full covariance L L^T, over one flat row.

The scale L is lower triangular: its A diagonal entries pass through `std`, which makes them positive, and its
A (A - 1) / 2 entries below the diagonal, row by row, are free.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from taxon.networks.gaussian import Map, identity
from taxon.networks.mlp import Trunk

LEAST_VARIANCE = 1e-6  # variance below which a fitted covariance is taken for a singular one


def lower_triangular(diagonal: Tensor, below: Tensor) -> Tensor:
    """The matrix with that diagonal [..., A] and, row by row, those entries below it [..., A (A - 1) / 2]."""
    size = diagonal.shape[-1]
    rows = []
    for k in range(size):
        first = k * (k - 1) // 2
        row = torch.cat([below[..., first : first + k], diagonal[..., k : k + 1]], -1)
        rows.append(F.pad(row, (0, size - 1 - k)))
    return torch.stack(rows, -2)


def cholesky_entries(covariance: Tensor) -> Tensor:
    """The row's entries of a covariance's L, the inverse of what `apply` reads where `std` is exp.

    Log-diagonal, then the entries below it row by row: [S, A, A] -> [S, A (A + 1) / 2]. As little as 1e-6 is added to
    the diagonal, so that too few points to span all dimensions leave an invertible L; a NaN comes out as NaN.
    """
    rows = []
    for own in covariance.double():
        scale, failed = torch.linalg.cholesky_ex(own + LEAST_VARIANCE * torch.eye(len(own)).to(own))
        scale = torch.where(failed == 0, scale, math.nan)
        below = [scale[k, :k] for k in range(len(own))]
        rows.append(torch.cat([torch.log(scale.diagonal()), *below]))
    return torch.stack(rows).to(covariance.dtype)


class StateDependentFull:
    """N(mu(s), L(s) L(s)^T): the trunk has A + A (A + 1) / 2 outputs, mean, diagonal, entries below it.

    A trunk with another number of outputs raises ValueError.
    """

    def __init__(self, trunk: Trunk, std: Map, actions: int, mean: Map = identity) -> None:
        self.splits = [actions, actions, actions * (actions - 1) // 2]
        if trunk.outputs != sum(self.splits):
            raise ValueError(f"the trunk needs {sum(self.splits)} outputs for {actions} actions, not {trunk.outputs}")
        self.trunk, self.std, self.mean = trunk, std, mean
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> mean [S, ..., A] and scale [S, ..., A, A]."""
        mean, diagonal, below = torch.split(self.trunk.apply(flat, x), self.splits, -1)
        return self.mean(mean), lower_triangular(self.std(diagonal), below)


class StateIndependentFull:
    """N(mu(s), L L^T) with a learned L: the trunk has A outputs, the row ends in the A (A + 1) / 2 entries of L."""

    def __init__(self, trunk: Trunk, std: Map, initial: float, mean: Map = identity) -> None:
        self.trunk, self.std, self.initial, self.mean = trunk, std, initial, mean
        self.splits = [trunk.size, trunk.outputs, trunk.outputs * (trunk.outputs - 1) // 2]
        self.size = sum(self.splits)

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row, the diagonal at `initial` (before `std`), zero below it: [P]."""
        diagonal = torch.full((self.splits[1],), self.initial)
        return torch.cat([self.trunk.init(generator), diagonal, torch.zeros(self.splits[2])])

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> mean [S, ..., A] and scale [S, ..., A, A]."""
        row, diagonal, below = torch.split(flat, self.splits, -1)
        mean = self.mean(self.trunk.apply(row, x))
        scale = lower_triangular(self.std(diagonal), below)
        scale = scale.reshape(scale.shape[:1] + (1,) * (mean.dim() - 2) + scale.shape[1:])
        return mean, scale.expand(*mean.shape, mean.shape[-1])

    def project(self, flat: Tensor, low: float, high: float) -> Tensor:
        """The diagonal's values for `std` within [low, high]: [S, P] -> [S, P]. See `StateIndependentNormal`."""
        row, diagonal, below = torch.split(flat, self.splits, -1)
        return torch.cat([row, diagonal.clamp(low, high), below], -1)


class FixedFull:
    """N(mu(s), std^2 I) with a constant std as a scale L = std I: the trunk has A outputs."""

    def __init__(self, trunk: Trunk, std: float) -> None:
        self.trunk, self.std = trunk, std
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> mean [S, ..., A] and scale [S, ..., A, A]."""
        mean = self.trunk.apply(flat, x)
        return mean, torch.diag_embed(torch.full_like(mean, self.std))
