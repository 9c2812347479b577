"""Minibatches: an index of samples, and what is read at it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from taxon.runtime.experience.layout import Layout


class Minibatches(Protocol):
    """Samples for one phase of a round. length: stored steps that a sample stands for."""

    length: int

    def next(self, number: int) -> Tensor:
        """The index of so many samples, [S, number]."""

    def take(self, index: Tensor) -> Any:
        """What is stored at an index [S, B]: nested tuples of tensors that lead with S."""

    def split(self, taken: Any) -> dict[str, Tensor]:
        """The columns of what was taken, [S, B, ...]."""


class Table:
    """Minibatches of columns [S, n, ...], pass after pass over their valid steps: a round's own."""

    length = 1

    def __init__(
        self, columns: Mapping[str, Tensor], names: Sequence[str], steps: int, generators: Sequence[torch.Generator]
    ) -> None:
        layout = Layout({name: tuple(columns[name].shape[2:]) for name in names})
        self.rows = layout.join(columns)  # [S, n, W]
        self.split = layout.split
        self._index = passes(columns["valid"], steps, generators)
        self._made = 0

    def next(self, number: int) -> Tensor:
        self._made += number
        return self._index[:, self._made - number : self._made]

    def take(self, index: Tensor) -> Tensor:
        return gather(self.rows, index)


def passes(valid: Tensor, steps: int, generators: Sequence[torch.Generator]) -> Tensor:
    """Indices of so many valid steps of every seed, pass after pass over all of them, reshuffled each pass: [S, steps].

    valid: [S, N]. Seeds may have different counts: a shorter seed starts its next pass earlier. Reads the counts once.
    """
    rows = []
    for mask, generator in zip(valid, generators, strict=True):
        there = mask.nonzero().squeeze(-1)
        orders = [
            torch.randperm(len(there), generator=generator, device=valid.device) for _ in range(-(-steps // len(there)))
        ]
        rows.append(there[torch.cat(orders)[:steps]])
    return torch.stack(rows)


def gather(rows: Tensor, index: Tensor) -> Tensor:
    """Pick steps of every seed: rows [S, N, W], index [S, B] -> [S, B, W]."""
    first = torch.arange(len(rows), device=rows.device).unsqueeze(1) * rows.shape[1]
    return rows.flatten(0, 1).index_select(0, (index + first).flatten()).view(*index.shape, -1)
