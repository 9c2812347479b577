"""Replay on the training device: one ring over all seeds in lockstep, one packed row a step.

S seeds, N steps, B batch, T time inside a window, W columns of a row.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from taxon.operators.data import Episodes
from taxon.runtime.layout import Layout


class Ring:
    """The last `capacity` steps of every seed.

    shapes: the columns of a row, as a Layout reads them. Memory is taken at the first `add`.
    """

    def __init__(self, seeds: int, capacity: int, shapes: Mapping[str, tuple[int, ...]], device: torch.device) -> None:
        self.seeds = seeds
        self.capacity = capacity
        self.layout = Layout(shapes)
        self.device = device
        self.rows = torch.empty(0)
        self.first = torch.arange(seeds, device=device).unsqueeze(1) * capacity  # [S, 1]: each seed's first flat row
        self.added = 0  # steps of a seed so far
        # What a draw depends on, kept on the device: how many windows there are, and where the oldest step lies.
        self._windows = torch.zeros((), dtype=torch.int64, device=device)
        self._oldest = torch.zeros((), dtype=torch.int64, device=device)

    @property
    def size(self) -> int:
        """Steps of a seed that are kept."""
        return min(self.added, self.capacity)

    @property
    def pointer(self) -> int:
        """The next row to write; when full, the oldest."""
        return self.added % self.capacity

    @property
    def bytes(self) -> int:
        """Memory when full."""
        return 4 * self.seeds * self.capacity * self.layout.width

    def add(self, *parts: Tensor) -> None:
        """Store one step of every seed: the parts of its row, [S, 1, ...], side by side."""
        self._take_memory()
        torch.cat(parts, -1, out=self.rows[:, self.pointer : self.pointer + 1])
        self.added += 1

    def between(self, first: int, end: int) -> Tensor:
        """The rows of steps `first` to `end` - 1, counted from the run's start, [S, n, W]; all must be kept still."""
        steps = torch.arange(first, end, device=self.device) % self.capacity
        return self.rows[:, steps]

    def put(self, first: int, rows: Tensor) -> None:
        """Lay rows [S, n, W] where those of the steps from `first` on belong; `added` is for the caller to set."""
        self._take_memory()
        steps = torch.arange(first, first + rows.shape[1], device=self.device) % self.capacity
        self.rows[:, steps] = rows.to(self.device)

    def cut(self, seed: int) -> None:
        """A seed's latest episode ends with its latest step: truncated, where that did not terminate."""
        if self.added:
            columns = self.layout.split(self.rows[seed, self.pointer - 1])
            columns["truncated"].copy_(1.0 - columns["terminated"])

    def prepare(self, sequence: int = 1, ahead: int = 0) -> None:
        """Let the draws that follow be of windows of `sequence` steps, of the replay as it is `ahead` steps later."""
        added = self.added + ahead
        size = min(added, self.capacity)
        if sequence > size:
            raise ValueError(f"a window of {sequence} steps from {size}")
        self._windows.fill_(size - sequence + 1)
        self._oldest.fill_(added % self.capacity if size == self.capacity else 0)

    def draw(self, batch: int, generators: Sequence[torch.Generator]) -> Tensor:
        """Uniform windows, the oldest is 0: [S, B]. Every seed draws from its own generator."""
        numbers = [
            torch.empty(batch, dtype=torch.int64, device=self.device).random_(generator=generator)
            for generator in generators
        ]
        return torch.stack(numbers) % self._windows

    def newest(self, windows: Tensor) -> Tensor:
        """Whether one of the windows ends with the newest step, []."""
        return (windows == self._windows - 1).any()

    def take(self, windows: Tensor, sequence: int = 1) -> Tensor:
        """The rows of windows [S, B], none across the newest step: [S, B, W], or [S, B, T, W] of T steps each."""
        if sequence > 1:
            windows = windows.unsqueeze(-1) + torch.arange(sequence, device=self.device)
        rows = (windows + self._oldest).flatten(1) % self.capacity + self.first
        return self.rows.flatten(0, 1).index_select(0, rows.flatten()).view(*windows.shape, -1)

    def episodes(self) -> Episodes:
        """Every stored step in time order, [S, N, ...].

        A step is valid once its episode is complete. Where a seed has no complete episode yet, the running one counts
        as cut at the present step: it is then truncated there, and bootstraps. The oldest episode may have lost its
        first steps; what is computed from later ones, such as a return, stays exact for the rest.
        """
        oldest = self.pointer if self.size == self.capacity else 0
        steps = (torch.arange(self.size, device=self.device) + oldest) % self.capacity
        columns = self._columns((self.first + steps).flatten(), (self.seeds, self.size))
        over = torch.maximum(columns["terminated"], columns["truncated"])
        complete = over.flip(1).cummax(1).values.flip(1)
        valid = torch.where(complete[:, :1] > 0, complete, torch.ones_like(complete))
        ended = over.clone()
        ended[:, -1] = 1.0
        # Before the oldest step of a full ring there was another one, which nobody remembers.
        first = torch.full_like(over[:, :1], float(self.size < self.capacity))
        begins = torch.cat([first, over[:, :-1]], 1)
        return Episodes(**columns, ended=ended, valid=valid, begins=begins)

    def _take_memory(self) -> None:
        if not self.rows.numel():
            self.rows = torch.empty(self.seeds, self.capacity, self.layout.width, device=self.device)

    def _columns(self, rows: Tensor, shape: tuple[int, ...]) -> dict[str, Tensor]:
        return self.layout.split(self.rows.flatten(0, 1).index_select(0, rows).view(*shape, -1))


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
