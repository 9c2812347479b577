"""What every environment did since the last round, on the training device.

S seeds, N environments of a seed, T steps of a segment, W columns of a row.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from taxon.operators.data import Episodes
from taxon.runtime.layout import Layout


class Segment:
    """The present segment of every environment: one packed row a step.

    shapes: the columns of a row, as a Layout reads them; `valid` and `begins` are among them.
    """

    def __init__(
        self, seeds: int, environments: int, steps: int, shapes: Mapping[str, tuple[int, ...]], device: torch.device
    ) -> None:
        self.layout = Layout(shapes)
        self.steps = steps
        self.rows = torch.zeros(seeds, environments, steps, self.layout.width, device=device)
        self.size = 0  # steps so far

    @property
    def bytes(self) -> int:
        """Memory taken."""
        return self.rows.numel() * self.rows.element_size()

    @property
    def full(self) -> bool:
        return self.size == self.steps

    def add(self, *parts: Tensor) -> None:
        """Store one step of every environment: the parts of its row, [S, N, ...], side by side."""
        torch.cat(parts, -1, out=self.rows[:, :, self.size])
        self.size += 1

    def skip(self) -> None:
        """A step at which every environment waited."""
        self.rows[:, :, self.size] = 0.0
        self.size += 1

    def cut(self, seed: int, environment: int) -> None:
        """The environment's latest episode ends with its latest step: truncated, where that did not terminate."""
        if self.size:
            columns = self.layout.split(self.rows[seed, environment, self.size - 1])
            columns["truncated"].copy_(columns["valid"] * (1.0 - columns["terminated"]))

    def clear(self) -> None:
        """Begin the next segment."""
        self.size = 0

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
        return Episodes(**{name: column.flatten(1, 2).contiguous() for name, column in columns.items()})
