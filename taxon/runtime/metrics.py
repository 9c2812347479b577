"""Means of what the updates of every phase report, kept on the device until they are read."""

from collections.abc import Mapping

import torch
from torch import Tensor

Sums = dict[tuple[str, ...], tuple[Tensor, int]]  # phase and names of metrics -> their sums [K, S], updates


class Means:
    """Sums since the last reading; a phase whose updates differ may report different metrics at each."""

    def __init__(self, sums: Sums | None = None) -> None:
        self._sums = {} if sums is None else dict(sums)

    def sums(self) -> Sums:
        """What was added since the last reading."""
        return dict(self._sums)

    def add(self, phase: str, names: Mapping[str, Tensor], values: Tensor) -> None:
        """One update of a phase: values [K, S] in the order of the names."""
        key = (phase, *names)
        sums, count = self._sums.get(key, (torch.zeros_like(values), 0))
        self._sums[key] = sums + values, count + 1

    def take(self, alive: Tensor) -> dict[str, dict[str, list[float]]]:
        """Per phase and metric the mean since the last call, per seed; NaN for a seed that is not alive: [S]."""
        totals: dict[str, dict[str, tuple[Tensor, int]]] = {}
        for (phase, *names), (sums, count) in self._sums.items():
            of_phase = totals.setdefault(phase, {})
            for name, values in zip(names, sums, strict=True):
                before, updates = of_phase.get(name, (torch.zeros_like(values), 0))
                of_phase[name] = before + values, updates + count
        self._sums = {}
        return {
            phase: {
                name: torch.where(alive, total / count, torch.nan).tolist() for name, (total, count) in means.items()
            }
            for phase, means in totals.items()
        }
