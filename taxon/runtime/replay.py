"""Replay on the training device: one ring over all seeds in lockstep, one packed row a step.

S seeds, N steps, B batch, T time inside a window, W columns of a row.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from taxon.operators.data import Episodes
from taxon.runtime.layout import Layout


class Ring:
    """The last `capacity` steps of every seed.

    sizes: the columns in order with their widths; 0 stands for a column without a last dimension.
    Memory is taken at the first `add`.
    """

    def __init__(self, seeds: int, capacity: int, sizes: Mapping[str, int], device: torch.device) -> None:
        self.seeds = seeds
        self.capacity = capacity
        self.layout = Layout(sizes)
        self.device = device
        self.rows = torch.empty(0)
        self.first = torch.arange(seeds, device=device).unsqueeze(1) * capacity  # [S, 1]: each seed's first flat row
        self.added = 0  # steps of a seed so far

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

    def add(self, step: Mapping[str, Tensor]) -> None:
        """Store one step of every seed; columns of [S, 1] or [S, 1, width]."""
        self._take_memory()
        self.layout.join(step, self.rows[:, self.pointer : self.pointer + 1])
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

    def sample(
        self, names: Sequence[str], batch: int, generators: Sequence[torch.Generator], sequence: int = 1
    ) -> dict[str, Tensor]:
        """Uniform steps, [S, B, ...], or windows of `sequence` steps, [S, B, T, ...], none across the newest step.

        Every seed draws from its own generator.
        """
        if sequence > self.size:
            raise ValueError(f"a window of {sequence} steps from {self.size}")
        starts = torch.stack(
            [
                torch.randint(self.size - sequence + 1, (batch,), generator=generator, device=self.device)
                for generator in generators
            ]
        )
        oldest = self.pointer if self.size == self.capacity else 0
        if sequence > 1:
            starts = (starts.unsqueeze(-1) + torch.arange(sequence, device=self.device)).flatten(1)
        steps = (starts + oldest) % self.capacity
        shape = (self.seeds, batch) if sequence == 1 else (self.seeds, batch, sequence)
        return self._columns(names, (steps + self.first).flatten(), shape)

    def episodes(self) -> Episodes:
        """Every stored step in time order, [S, N, ...].

        A step is valid once its episode is complete. Where a seed has no complete episode yet, the running one counts
        as cut at the present step: it is then truncated there, and bootstraps. The oldest episode may have lost its
        first steps; what is computed from later ones, such as a return, stays exact for the rest.
        """
        oldest = self.pointer if self.size == self.capacity else 0
        steps = (torch.arange(self.size, device=self.device) + oldest) % self.capacity
        columns = self._columns(self.layout.sizes, (self.first + steps).flatten(), (self.seeds, self.size))
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

    def _columns(self, names: Iterable[str], rows: Tensor, shape: tuple[int, ...]) -> dict[str, Tensor]:
        columns = self.layout.split(self.rows.flatten(0, 1).index_select(0, rows).view(*shape, -1))
        return {name: columns[name] for name in names}


def passes(valid: Tensor, batch: int, updates: int, generators: Sequence[torch.Generator]) -> Iterator[Tensor]:
    """Indices of `updates` minibatches, each [S, B], in passes over every seed's valid steps, reshuffled each pass.

    valid: [S, N]. Seeds may have different counts: a shorter seed starts its next pass earlier. Reads the counts once.
    """
    needed = updates * batch
    rows = []
    for mask, generator in zip(valid, generators, strict=True):
        steps = mask.nonzero().squeeze(-1)
        orders = [
            torch.randperm(len(steps), generator=generator, device=valid.device)
            for _ in range(-(-needed // len(steps)))
        ]
        rows.append(steps[torch.cat(orders)[:needed]])
    yield from torch.split(torch.stack(rows), batch, 1)


def gather(column: Tensor, index: Tensor) -> Tensor:
    """Pick steps of every seed: column [S, N, ...], index [S, B] -> [S, B, ...]."""
    first = torch.arange(len(column), device=column.device).unsqueeze(1) * column.shape[1]
    picked = column.flatten(0, 1).index_select(0, (index + first).flatten())
    return picked.view(*index.shape, *column.shape[2:])
