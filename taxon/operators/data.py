"""What an emitted module declares about its data: how steps are kept, and which updates run on them."""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Replay(NamedTuple):
    """How experience is kept and how often it is learnt from."""

    capacity: int  # environment steps kept per seed, the oldest leave first
    batch: int  # samples of one minibatch update
    warmup: int  # environment steps before the first update
    random_warmup: bool  # act uniformly at random during the warm-up
    steps_per_update: int  # environment steps between two updates
    sequence: int  # T: length of a sampled window, 1 for single steps
    episodes: bool  # keep whole episodes and refresh columns over all of them before a phase
    environments: int = 1  # N: environments of one seed, stepped together
    bootstraps: bool = True  # a critic stands for what follows an episode that still runs

    @property
    def restarts(self) -> bool:
        """A replay's episodes go on from round to round."""
        return False

    @property
    def group(self) -> int:
        """Without restarts no environments start alike."""
        return 1

    @property
    def fewest(self) -> int:
        """The fewest environment steps of a run that makes an update."""
        return self.warmup

    @property
    def first(self) -> int:
        """The environment step after which the first round of updates is due: once a window is stored."""
        late = max(0, self.sequence - self.warmup)
        return self.warmup + -(-late // self.steps_per_update) * self.steps_per_update

    @property
    def alternates(self) -> bool:
        """Whether collecting and updating take turns, so that neither can go on during the other."""
        return False

    @property
    def fixed(self) -> bool:
        """Whether what an update reads has the same shape in every round."""
        return not self.episodes

    def rounds(self, steps: int) -> int:
        """Rounds of updates that are due by a seed's `steps`: the first once the warm-up is stored."""
        return max(0, 1 + (steps - self.warmup) // self.steps_per_update)


class Rollouts(NamedTuple):
    """How every round's fresh experience is collected: the phases learn from it once, and it is dropped."""

    environments: int  # N: environments of one seed, stepped together
    steps: int  # T: steps of each environment in a round's segment
    batch: int  # samples of one minibatch update
    restarts: bool = False  # a round begins with resets, and each environment runs one episode in it
    group: int = 1  # with restarts, this many neighbouring environments start from the same state

    @property
    def fewest(self) -> int:
        """The fewest environment steps of a run that makes an update: the last one is of every environment."""
        return self.environments * (self.steps - 1) + 1

    @property
    def first(self) -> int:
        """The environment step after which the first round of updates is due."""
        return self.environments * self.steps

    @property
    def alternates(self) -> bool:
        """Whether collecting and updating take turns, so that neither can go on during the other."""
        return True

    @property
    def fixed(self) -> bool:
        """Whether what an update reads has the same shape in every round."""
        return True

    def rounds(self, steps: int) -> int:
        """Rounds of updates that are due by a seed's `steps`: one whenever a segment is full."""
        return steps // (self.environments * self.steps)


class Episodes(NamedTuple):
    """Every stored step of every seed, environment by environment in time order; `valid` 0 marks padding."""

    observation: Tensor  # [S, n, O]
    action: Tensor  # [S, n, A]
    reward: Tensor  # [S, n]
    next_observation: Tensor  # [S, n, O], the true final observation at an episode's end
    terminated: Tensor  # [S, n], 0/1: ends the bootstrap
    truncated: Tensor  # [S, n], 0/1: ends the episode, not the bootstrap
    ended: Tensor  # [S, n], 0/1: terminated, truncated, padding, or the last of the data of an environment
    valid: Tensor  # [S, n], 0/1: counts in statistics
    begins: Tensor  # [S, n], 0/1: the first step of an episode
    log_prob: Tensor | None = None  # [S, n], log b(a|s) of the acting policy, where it is stored


def episodes_of(columns: Mapping[str, Tensor]) -> Episodes:
    """Stored steps by the names of their columns; what `act` adds beside `log_prob` are fields behind the others."""
    added = tuple(name for name in columns if name not in Episodes._fields)
    made: Episodes = (_wider(added) if added else Episodes)(**columns)
    return made


@cache
def _wider(added: tuple[str, ...]) -> Any:
    names, values = (*Episodes._fields, *added), tuple(Episodes._field_defaults.values())
    return namedtuple("Episodes", names, defaults=(*values, *[None] * len(added)))


class Phase(NamedTuple):
    """A block of updates with its own batch."""

    name: str
    updates: int  # updates each time the phase runs
    batch: type  # NamedTuple whose field names are the columns to gather
    # (state, episodes, generators) -> columns [S, n, ...], which later phases of the same round read as well
    refresh: Callable[[Any, Episodes, Sequence[torch.Generator]], dict[str, Tensor]] | None
    noise: Callable[[Sequence[torch.Generator], torch.device], Any]  # the explicit noise of one update
    update: Callable[[Any, Any, Any], tuple[Any, dict[str, Tensor]]]  # (state, batch, noise) -> (state, metrics [S])
    whole: bool = False  # the batch is every stored step in time order, fields [S, n, ...], and not a minibatch
    every: int = 1  # `update` runs at every so many of the phase's updates, `between` at the others
    between: Callable[[Any, Any, Any], tuple[Any, dict[str, Tensor]]] | None = None
