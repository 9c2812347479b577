"""Means of what the updates of every phase report, kept on the device until they are read."""

import torch
from torch import Tensor

Sums = dict[tuple[str, ...], Tensor]  # phase and names of its K metrics -> [K + 1, S]: their sums, and the updates


class Means:
    """Sums since the last reading, added up in place; a phase whose updates differ may report different metrics."""

    def __init__(self, sums: Sums | None = None) -> None:
        self._sums = {} if sums is None else dict(sums)

    def sums(self) -> Sums:
        """A copy of what was added since the last reading."""
        return {key: sums.clone() for key, sums in self._sums.items()}

    def add(self, phase: str, names: tuple[str, ...], values: Tensor) -> None:
        """One update of a phase: values [K + 1, S], the metrics in the order of their names and ones."""
        key = (phase, *names)
        if key in self._sums:
            self._sums[key].add_(values)
        else:
            self._sums[key] = values.clone()

    def put(self, sums: Sums) -> None:
        """Go back to what `sums` gave."""
        for key, own in self._sums.items():
            own.copy_(sums[key]) if key in sums else own.zero_()
        self._sums |= {key: own for key, own in sums.items() if key not in self._sums}

    def take(self, alive: Tensor) -> dict[str, dict[str, list[float]]]:
        """Per phase and metric the mean since the last call, per seed; NaN for a seed that is not alive: [S]."""
        totals: dict[str, dict[str, Tensor]] = {}
        for (phase, *names), sums in self._sums.items():
            of_phase = totals.setdefault(phase, {})
            for name, values in zip(names, sums, strict=False):
                of_phase[name] = of_phase.get(name, 0) + torch.stack([values, sums[-1]])
        means = {
            phase: {
                name: torch.where(alive, total / count, torch.nan).tolist()
                for name, (total, count) in metrics.items()
                if bool((count > 0).any())
            }
            for phase, metrics in totals.items()
        }
        for sums in self._sums.values():
            sums.zero_()
        return {phase: metrics for phase, metrics in means.items() if metrics}
