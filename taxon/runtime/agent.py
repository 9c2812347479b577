"""What the runtime needs of an emitted module's agent, whose state is nested tuples of tensors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from taxon.operators.data import Phase


class Agent(Protocol):
    """What an emitted module's Agent offers; every tensor of a state leads with S, every one of a memory with [S, N].

    S seeds, N environments of a seed, O observation, A action numbers, or choices where `discrete`: those are one-hot.
    """

    @property
    def discrete(self) -> bool: ...

    @property
    def columns(self) -> Mapping[str, tuple[int, ...]]:
        """What `act` adds to a stored step beside the action, and its shape behind [S, N]."""

    @property
    def phases(self) -> tuple[Phase, ...]: ...

    def init(self, generators: Sequence[torch.Generator]) -> Any: ...

    def memory(self, seeds: int, environments: int, device: torch.device) -> Any:
        """What acting keeps from step to step, as it is at an episode's start; it may be empty."""

    def observe(self, state: Any, observation: Tensor) -> Any:
        """Learn the scale of observations, [S, n, O]; the state itself where there is nothing to learn."""

    def act_noise(self, generators: Sequence[torch.Generator], environments: int, device: torch.device) -> Tensor:
        """What `act` reads, [S, N, A]."""

    def act(self, state: Any, memory: Any, observation: Tensor, noise: Tensor) -> tuple[Any, dict[str, Tensor]]:
        """The next memory, and `action` [S, N, A] with the extra columns [S, N, ...].

        observation: [S, N, O]. noise: what `act_noise` drew.
        """

    def act_mean(self, state: Any, memory: Any, observation: Tensor) -> tuple[Any, Tensor]:
        """For evaluation: the next memory, and [S, N, O] -> [S, N, A]."""

    def act_random(self, uniform: Tensor) -> dict[str, Tensor]:
        """What `act` returns, from uniform draws [S, N, A]."""


def map_state(function: Callable[..., Tensor], *states: Any) -> Any:
    """Apply a function to every tensor of equally built states (nested tuples of tensors)."""
    if isinstance(states[0], Tensor):
        return function(*states)
    parts = [map_state(function, *several) for several in zip(*states, strict=True)]
    kind = type(states[0])
    return kind(*parts) if hasattr(kind, "_fields") else kind(parts)


def begun(memory: Any, begins: Tensor, fresh: Any) -> Any:
    """The memory [S, N, ...] with `fresh` where an episode begins, [S, N] 0/1."""

    def choose(kept: Tensor, new: Tensor) -> Tensor:
        return torch.where(begins.view(*begins.shape, *[1] * (kept.dim() - 2)) > 0, new, kept)

    return map_state(choose, memory, fresh)


def named_tensors(state: Any, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor of nested tuples with its dotted name: fields by their names, plain tuples by position."""
    if isinstance(state, Tensor):
        yield prefix, state
        return
    names = getattr(state, "_fields", range(len(state)))
    for name, part in zip(names, state, strict=True):
        yield from named_tensors(part, f"{prefix}.{name}" if prefix else str(name))
