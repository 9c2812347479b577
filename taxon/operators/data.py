"""What an emitted module declares about its data: how steps are kept, and which updates run on them."""

from collections.abc import Callable, Sequence
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


class Episodes(NamedTuple):
    """Every stored step of every seed in time order; an entry with `valid` 0 is padding."""

    observation: Tensor  # [S, N, O]
    action: Tensor  # [S, N, A]
    reward: Tensor  # [S, N]
    next_observation: Tensor  # [S, N, O], the true final observation at an episode's end
    terminated: Tensor  # [S, N], 0/1: ends the bootstrap
    truncated: Tensor  # [S, N], 0/1: ends the episode, not the bootstrap
    ended: Tensor  # [S, N], 0/1: terminated, truncated, or last of the data
    valid: Tensor  # [S, N], 0/1: counts in statistics
    log_prob: Tensor | None = None  # [S, N], log b(a|s) of the acting policy, where it is stored


class Phase(NamedTuple):
    """A block of minibatch updates with its own batch."""

    name: str
    updates: int  # minibatch updates each time the phase runs
    batch: type  # NamedTuple whose field names are the columns to gather
    # (state, episodes, generators) -> columns [S, N]
    refresh: Callable[[Any, Episodes, Sequence[torch.Generator]], dict[str, Tensor]] | None
    noise: Callable[[Sequence[torch.Generator], torch.device], Any]  # the explicit noise of one update
    update: Callable[[Any, Any, Any], tuple[Any, dict[str, Tensor]]]  # (state, batch, noise) -> (state, metrics [S])
