"""Keeps the policies of the best evaluations beside the latest checkpoint."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from taxon.runtime.agent import named_tensors
from taxon.runtime.errors import UserError
from taxon.runtime.events import Callback, Evaluated
from taxon.runtime.folder import best
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.folder.sealing import RESTORE


class KeepBest(Callback):
    """Writes, for each seed, the state behind its evaluation of the highest mean return; of equals the first.

    Each seed has its own, so that a seed's best policy is the same whatever other seeds there are. state: the agent's
    present state, whose tensors lead with S.
    """

    def __init__(self, folder: RunFolder, row: str, seeds: Sequence[int], state: Callable[[], Any]) -> None:
        self._folder, self._row, self._seeds, self._state = folder, row, list(seeds), state
        self._steps: dict[int, int] = {}
        self._returns: dict[int, float] = {}
        self._tensors: dict[str, Tensor] = {}

    def restore(self) -> bool:
        """Go on with what is kept: whether there is anything. Raises UserError where it is another run's.

        It may be of an evaluation after the checkpoint, which the run makes again.
        """
        try:
            found = best.read(self._folder)
        except FileNotFoundError:
            return False
        if found.row != self._row or found.seeds != self._seeds:
            raise UserError(f"{self._folder.path / best.INDEX} belongs to another run", RESTORE)
        self._tensors = best.load(self._folder, found)
        if _shapes(self._tensors) != _shapes(dict(named_tensors(self._state()))):
            raise UserError(f"{self._folder.path / best.INDEX} does not fit: it is another agent's", RESTORE)
        self._steps = {int(seed): step for seed, step in found.steps.items()}
        self._returns = {int(seed): value for seed, value in found.returns.items()}
        return True

    def evaluated(self, event: Evaluated) -> None:
        better = {
            seed: mean
            for seed, mean in event.means.items()
            if math.isfinite(mean) and mean > self._returns.get(seed, -math.inf)
        }
        if not better:
            return
        now = {name: part.detach().cpu() for name, part in named_tensors(self._state())}
        if not self._tensors:
            self._tensors = {name: part.clone() for name, part in now.items()}
        for seed, mean in better.items():
            index = self._seeds.index(seed)
            for name, part in now.items():
                self._tensors[name][index] = part[index]
            self._steps[seed], self._returns[seed] = event.step, mean
        best.save(self._folder, self._tensors, self._row, self._seeds, self._steps, self._returns)


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[Any, ...]]:
    return {name: (part.shape, part.dtype) for name, part in tensors.items()}
