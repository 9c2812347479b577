"""The declaration that an emitted module makes, and the buffer that it stands for in the training loop."""

from collections.abc import Sequence

import torch
from torch import Tensor

from taxon.operators.data import Replay
from taxon.runtime.experience.replay import ReplayBuffer


class CombinedBuffer(ReplayBuffer):
    """A replay that puts the newest step, or window, at the end of every minibatch (Zhang and Sutton 2017)."""

    def draw(self, number: int, generators: Sequence[torch.Generator]) -> Tensor:
        """Uniform windows, the last of each minibatch one of the newest: [S, number]. With several environments it is
        that of each in turn."""
        windows = super().draw(number, generators)
        last = windows[:, self.data.batch - 1 :: self.data.batch]
        turn = torch.arange(last.shape[1], device=self.device) % self.environments
        last.copy_((self._windows - 1 - turn).expand_as(last))
        return windows


class CombinedReplay(Replay):
    """How experience is kept, as a replay's is, and drawn with the newest step."""

    buffer = CombinedBuffer
