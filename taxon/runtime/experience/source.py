"""What the training loop needs of a source of experience, whatever kind of data a module declares."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from taxon.operators.data import Episodes, Replay, Rollouts
from taxon.runtime.experience.replay import ReplayBuffer, Samples
from taxon.runtime.experience.rollouts import RolloutBuffer


class Source(Protocol):
    """The experience of S seeds with N environments each.

    name: what it is called. columns: what is stored of a step beside what the agent and the environment say of it.
    observes: the agent's statistics see an observation when it is acted on, and not when its round is over. by_round: a
    round computes its columns over all stored steps, the `episodes`.
    """

    name: str
    columns: tuple[str, ...]
    observes: bool
    by_round: bool

    @property
    def bytes(self) -> int:
        """Memory when full."""

    def starts(self) -> bool:
        """Whether a round begins with the next step, and every environment with it."""

    def explores(self, steps: int) -> bool:
        """Whether actions are uniform at a seed's step of this number."""

    def cuts(self) -> bool:
        """Whether an episode that the next step does not end is cut after it."""

    def add(self, known: Tensor, answer: Tensor, over: NDArray[np.bool_]) -> None:
        """Store a step of every environment.

        known: [S, N, W], the observation, then the action and the other columns known before the environment answered.
        answer: [S, N, O + 3], next observation, reward, terminated, truncated. over: [S, N], which episodes ended.
        """

    def skip(self) -> None:
        """A step at which every environment waited."""

    def cut(self, seed: int, environment: int) -> None:
        """An environment's latest episode ends with its latest step: truncated, where that did not terminate."""

    def due(self, steps: int, ahead: int = 0) -> int:
        """How many rounds of updates are due after a seed's `steps`, `ahead` of which by each environment are yet to
        be stored."""

    def samples(
        self, generators: Sequence[torch.Generator], ahead: int = 0, index: Tensor | None = None
    ) -> Samples | None:
        """Minibatches of single steps or windows, as they are `ahead` steps of each environment later.

        index: of all that a phase reads [S, n], where it was drawn before. None where a round computes its columns.
        """

    def episodes(self) -> Episodes:
        """Every stored step of every environment in time order."""

    def clear(self) -> None:
        """A round is over."""

    def capture(self) -> dict[str, Any]:
        """What of it a checkpoint holds; `in_files` keeps the rest."""

    def restore(self, saved: Mapping[str, Any], steps: int) -> None:
        """Go on from a capture after so many steps of a seed. Raises ValueError where it does not fit."""

    def in_files(self) -> ReplayBuffer | None:
        """The buffer whose rows are kept in files beside the checkpoint."""


BUFFERS: dict[type, Callable[..., Source]] = {Replay: ReplayBuffer, Rollouts: RolloutBuffer}


def source_of(
    data: Replay | Rollouts,
    seeds: int,
    steps: int,
    observation: int,
    columns: Mapping[str, tuple[int, ...]],
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    moved: Callable[[], None] = lambda: None,
) -> Source:
    """The source that a module's data declares: of a class from elsewhere, the one that its `buffer` makes.

    steps: of a seed that will be made, beyond which nothing is kept. observation: its size; dtype: how it is kept.
    columns: the shapes of the columns that the agent adds to a step. moved: called when stored steps move in memory.
    """
    make: Callable[..., Source] = getattr(data, "buffer", None) or BUFFERS[type(data)]
    return make(data, seeds, steps, observation, columns, device, dtype, moved)
