"""A policy as a torch module that can be traced: observations of the environment's space to actions of its own."""

import math
from typing import Any

import torch
from torch import Tensor

from taxon.runtime.agent import map_state, named_tensors
from taxon.runtime.errors import UserError
from taxon.runtime.folder.spaces import (
    ActionSpace,
    Bits,
    BoxAction,
    Choice,
    ChoiceAction,
    Choices,
    Named,
    ObservationSpace,
    Several,
)
from taxon.runtime.policies.policy import Policy

# What torch has no numbers of is taken in the next wider type.
_WIDER = {"uint16": "int32", "uint32": "int64", "uint64": "int64", "float96": "float64", "float128": "float64"}


class TracedPolicy(torch.nn.Module):
    """The mean action, or the most probable one, of a batch.

    `forward(observation)` takes what the environment shows, each array with an axis of N in front, and gives the
    actions [N, ...]: normalisation and rescaling are inside. Its buffers are the tensors that acting reads, and no
    others.
    Raises UserError for a policy that keeps a memory while it acts, or acts in numbers that torch does not have.
    """

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.space = policy.record.observation
        self._agent = policy.agent
        self._structure = policy.state
        self._names = read_by_acting(policy)
        for name, leaf in named_tensors(policy.state):
            if name in self._names:
                self.register_buffer(_key(name), leaf.detach().cpu().clone(), persistent=True)
        self._rescaled = rescaling(policy.record.action)

    def forward(self, observation: Any) -> Tensor:
        """[N, ...] of every array -> actions [N, ...]."""
        rows = torch.cat(_parts(self.space, observation), -1)
        names = iter([name for name, _ in named_tensors(self._structure)])
        state = map_state(lambda _: self._leaf(next(names)), self._structure)
        memory = self._agent.memory(1, rows.shape[0], rows.device)
        _, taken = self._agent.act_mean(state, memory, rows.unsqueeze(0))
        actions: Tensor = self._rescaled(taken[0])
        return actions

    def _leaf(self, name: str) -> Any:
        return self.get_buffer(_key(name)) if name in self._names else None


def read_by_acting(policy: Policy) -> set[str]:
    """The names of the state's tensors without which the policy cannot act on its mean.

    Raises UserError where acting on the mean keeps a memory.
    """
    names = [name for name, _ in named_tensors(policy.state)]
    observation = torch.zeros(1, 2, policy.width, device=policy.device)
    memory = policy.agent.memory(1, 2, policy.device)

    def acts(without: str | None) -> Any:
        left = iter(names)
        state = map_state(lambda leaf: None if next(left) == without else leaf, policy.state)  # type: ignore[arg-type,return-value]
        with torch.no_grad():
            return policy.agent.act_mean(state, memory, observation)

    after, _ = acts(None)
    if after is not memory:
        raise UserError(
            f"the policy of {policy.record.name} keeps a memory from step to step, which no exported file has",
            "act with the run itself: taxon.open(...).policy()",
        )
    needed = set()
    for name in names:
        try:
            acts(name)
        except (AttributeError, TypeError):  # nothing stands where the tensor was
            needed.add(name)
    return needed


def examples(space: ObservationSpace, count: int, generator: torch.Generator) -> Any:
    """A batch of `count` observations: standard normal numbers, whole ones and choices uniformly drawn."""
    match space:
        case Named():
            return {name: examples(part, count, generator) for name, part in space.parts.items()}
        case Several():
            return tuple(examples(part, count, generator) for part in space.parts)
        case Choice():
            drawn = torch.randint(space.n, (count,), generator=generator)
            return (drawn + space.start).to(_dtype(space.dtype))
        case Choices():
            several = [torch.randint(n, (count,), generator=generator) for n in space.n]
            drawn = torch.stack(several, -1) + torch.tensor(space.start)
            return drawn.reshape(count, *space.shape).to(_dtype(space.dtype))
        case Bits():
            return torch.randint(2, (count, *space.shape), generator=generator).to(_dtype(space.dtype))
    dtype = _dtype(space.dtype)
    if dtype.is_floating_point:
        return torch.randn((count, *space.shape), generator=generator, dtype=torch.float64).to(dtype)
    most = 1 if dtype is torch.bool else min(torch.iinfo(dtype).max, 255)
    return torch.randint(most + 1, (count, *space.shape), generator=generator).to(dtype)


def names_of(space: ObservationSpace, name: str = "") -> list[str]:
    """The names of an observation's arrays in their order: `observation` alone, or `camera`, `joints.speed`, `0`."""
    match space:
        case Named():
            named = list(space.parts.items())
        case Several():
            named = [(str(place), part) for place, part in enumerate(space.parts)]
        case _:
            return [name or "observation"]
    return [each for key, part in named for each in names_of(part, f"{name}.{key}" if name else key)]


def _parts(space: ObservationSpace, value: Any) -> list[Tensor]:
    """The leaves in a row's order, float32 [N, n] each."""
    match space:
        case Named():
            return [leaf for name, part in space.parts.items() for leaf in _parts(part, value[name])]
        case Several():
            return [leaf for place, part in enumerate(space.parts) for leaf in _parts(part, value[place])]
        case Choice():
            return [_one_hot(value, space.n, space.start)]
        case Choices():
            flat = value.reshape(value.shape[0], len(space.n))
            counted = enumerate(zip(space.n, space.start, strict=True))
            return [_one_hot(flat[:, place], n, start) for place, (n, start) in counted]
    return [value.reshape(value.shape[0], math.prod(space.shape)).to(torch.float32)]


def _one_hot(chosen: Tensor, n: int, start: int) -> Tensor:
    return (chosen.to(torch.int64).unsqueeze(-1) == torch.arange(start, start + n)).to(torch.float32)


class _Choosing(torch.nn.Module):
    """Rows [N, A] -> the choices of their largest entries [N]."""

    def __init__(self, space: ChoiceAction) -> None:
        super().__init__()
        self.start = space.start

    def forward(self, row: Tensor) -> Tensor:
        return row.argmax(-1) + self.start


class _Rescaling(torch.nn.Module):
    """Rows [N, A] -> actions [N, *shape] of the box, as environments/boxes.py has them."""

    def __init__(self, space: BoxAction) -> None:
        super().__init__()
        self.shape, self.dtype = space.shape, _dtype(space.dtype)
        self.low: Tensor
        self.high: Tensor
        for name, ends in (("low", space.low), ("high", space.high)):
            exact = torch.int64 if not self.dtype.is_floating_point else self.dtype
            self.register_buffer(name, torch.tensor(ends, dtype=exact))

    def forward(self, row: Tensor) -> Tensor:
        share = row.to(torch.float64).clamp(-1.0, 1.0) * 0.5 + 0.5
        if self.dtype.is_floating_point:
            inside = self.low.to(torch.float64) * (1.0 - share) + self.high.to(torch.float64) * share
            action = torch.minimum(torch.maximum(inside.to(self.dtype), self.low), self.high)
        else:
            cells = (self.high - self.low + 1).to(torch.float64)
            action = (self.low + torch.minimum(torch.floor(share * cells), cells - 1.0).to(torch.int64)).to(self.dtype)
        return action.reshape(row.shape[0], *self.shape)


def rescaling(space: ActionSpace) -> torch.nn.Module:
    """What maps rows [N, A] in [-1, 1] to actions [N, ...]. Raises UserError for numbers that torch does not have."""
    if isinstance(space, ChoiceAction):
        return _Choosing(space)
    if any(not -(2**63) <= end < 2**63 for end in (*space.low, *space.high) if isinstance(end, int)):
        raise UserError(f"actions up to {max(space.high):,} are more than torch's whole numbers", "act with the run")
    return _Rescaling(space)


def _dtype(name: str) -> torch.dtype:
    found: torch.dtype = getattr(torch, _WIDER.get(name, name))
    return found


def _key(name: str) -> str:
    return name.replace(".", "_")
