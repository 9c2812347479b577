"""Rollouts: what every environment did since the last round, on the training device.

S seeds, N environments of a seed, T steps of a segment, W columns of a row.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from taxon.operators.data import Episodes, Rollouts, episodes_of
from taxon.runtime.experience.layout import Layout


class RolloutBuffer:
    """The present segment of every environment: one packed row a step, read once and dropped; see Source."""

    name = "rollouts"
    columns: tuple[str, ...] = ("valid", "begins")
    observes = False
    by_round = True

    def __init__(
        self,
        data: Rollouts,
        seeds: int,
        steps: int,
        observation: int,
        columns: Mapping[str, tuple[int, ...]],
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self.data = data
        answer = {"next_observation": (observation,), "reward": (), "terminated": (), "truncated": ()}
        own: dict[str, tuple[int, ...]] = dict.fromkeys(self.columns, ())
        self.layout = Layout({"observation": (observation,), **columns, **own, **answer})
        self.rows = torch.zeros(seeds, data.environments, data.steps, self.layout.width, device=device)
        self.size = 0  # steps so far

    @property
    def bytes(self) -> int:
        return self.rows.numel() * self.rows.element_size()

    def starts(self) -> bool:
        return self.data.restarts and self.size == 0

    def explores(self, steps: int) -> bool:
        return False

    def cuts(self) -> bool:
        return self.data.restarts and self.size + 1 == self.data.steps

    def add(self, known: Tensor, answer: Tensor, over: NDArray[np.bool_]) -> None:
        torch.cat([known, answer], -1, out=self.rows[:, :, self.size])
        self.size += 1

    def skip(self) -> None:
        self.rows[:, :, self.size] = 0.0
        self.size += 1

    def cut(self, seed: int, environment: int) -> None:
        if self.size:
            columns = self.layout.split(self.rows[seed, environment, self.size - 1])
            columns["truncated"].copy_(columns["valid"] * (1.0 - columns["terminated"]))

    def due(self, steps: int, ahead: int = 0) -> int:
        return int(self.size + ahead == self.data.steps)

    def samples(self, generators: Sequence[torch.Generator], ahead: int = 0, index: Tensor | None = None) -> None:
        return None

    def episodes(self) -> Episodes:
        """The whole segment, environment by environment in time order: [S, N T, ...].

        A segment cuts what it does not end: such a step is `ended` and neither terminated nor truncated. Padding is
        zero but for `ended`, whatever was computed while an environment waited.
        """
        valid = self.layout.split(self.rows)["valid"]
        rows = torch.where(valid.unsqueeze(-1) > 0, self.rows, 0.0)
        columns = self.layout.split(rows)
        ended = torch.maximum(columns["terminated"], columns["truncated"])
        ended = torch.maximum(ended, 1.0 - valid)
        ended[..., -1] = 1.0
        columns["ended"] = ended
        return episodes_of({name: column.flatten(1, 2).contiguous() for name, column in columns.items()})

    def clear(self) -> None:
        self.size = 0

    def capture(self) -> dict[str, Any]:
        return {"size": self.size, "rows": self.rows[:, :, : self.size]}

    def restore(self, saved: Mapping[str, Any], steps: int) -> None:
        size, rows = saved["size"], saved["rows"]
        if type(size) is not int or not 0 <= size <= self.data.steps:
            raise ValueError(f"it has {str(size)[:40]} steps of a segment of {self.data.steps:,}")
        there = self.rows[:, :, :size]
        if rows.shape != there.shape or rows.dtype != there.dtype:
            raise ValueError(f"rows of shape {list(rows.shape)} where {list(there.shape)} are needed")
        self.size = size
        there.copy_(rows)

    def in_files(self) -> None:
        return None
