"""How the columns of a stored step share one packed row."""

from collections.abc import Mapping

import torch
from torch import Tensor


class Layout:
    """The columns in order with their widths; 0 stands for a column without a last dimension."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = dict(sizes)
        self.widths = [max(1, size) for size in self.sizes.values()]
        self.width = sum(self.widths)

    def join(self, step: Mapping[str, Tensor], out: Tensor) -> None:
        """Write columns of [...] or [..., width] into rows [..., W]."""
        columns = [step[name] if size else step[name].unsqueeze(-1) for name, size in self.sizes.items()]
        torch.cat(columns, -1, out=out)

    def split(self, rows: Tensor) -> dict[str, Tensor]:
        """The columns of rows [..., W], as views."""
        parts = torch.split(rows, self.widths, -1)
        named = zip(self.sizes.items(), parts, strict=True)
        return {name: part if size else part.squeeze(-1) for (name, size), part in named}
