"""How the columns of a step share one packed row."""

from collections.abc import Mapping
from math import prod

import torch
from torch import Tensor


class Layout:
    """The columns in order with the shape that each has in a row; `()` is a single number."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.shapes = dict(shapes)
        self.widths = [prod(shape) for shape in self.shapes.values()]
        self.width = sum(self.widths)

    def join(self, columns: Mapping[str, Tensor]) -> Tensor:
        """Columns [..., *shape] to rows [..., W]."""
        parts = []
        for name, shape in self.shapes.items():
            column = columns[name]
            parts.append(
                column.unsqueeze(-1) if not shape else column if len(shape) == 1 else column.flatten(-len(shape))
            )
        return torch.cat(parts, -1)

    def split(self, rows: Tensor) -> dict[str, Tensor]:
        """The columns of rows [..., W], as views."""
        parts = torch.split(rows, self.widths, -1)
        return {
            name: part.squeeze(-1) if not shape else part if len(shape) == 1 else part.view(*part.shape[:-1], *shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }
