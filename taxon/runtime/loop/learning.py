"""One update of S seeds side by side: explicit state in, explicit state out; a frozen seed stays as it was.

On the CPU, run eagerly, a look at the numbers saves a copy of every tensor. Compiled, or on a GPU, nothing is looked
at: what a frozen seed keeps is chosen on the device.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from taxon.runtime.agent import map_state

Update = Callable[[Any, Any, Any], tuple[Any, dict[str, Tensor]]]


class Carry(NamedTuple):
    """What goes from one update to the next."""

    state: Any  # the agent's
    memory: Any  # what acting keeps
    alive: Tensor  # [S], bool: not frozen
    frozen_at: Tensor  # [S], the environment step at which a seed was frozen, -1 before
    broken: Tensor  # [S], of what was not finite then: where it was, and a bit for each number; 0 before


MOST_NUMBERS = 40  # that one place may report: so many bits are theirs in a word, and the rest counts places


def learn(
    update: Update, carry: Carry, clock: Tensor, batch: Any, noise: Any, place: int = 0
) -> tuple[Carry, tuple[str, ...], Tensor]:
    """An update, the names of its K metrics, and their values [K + 1, S] with a last row of ones, which counts.

    clock: the present environment step, []. place: what the carry calls this update where a metric is not finite.
    """
    state, metrics = update(carry.state, batch, noise)
    values = torch.stack(list(metrics.values()))
    carry = accept(freeze(carry, torch.isfinite(values), clock, place), state=state)
    return carry, tuple(metrics), torch.cat([values, torch.ones_like(values[:1])])


def freeze(carry: Carry, finite: Tensor, clock: Tensor, place: int = 0) -> Carry:
    """Mark the seeds of whose K numbers one is not finite, [K, S], as of now, and which it was."""
    if _may_look(finite) and bool(finite.all()):
        return carry
    whole = finite.all(0)
    bits = torch.ones_like(carry.broken) << torch.arange(len(finite), device=finite.device).unsqueeze(1)  # [K, S]
    broken = (place << MOST_NUMBERS) + torch.where(finite, 0, bits).sum(0)
    stops = carry.alive & ~whole
    return carry._replace(
        alive=carry.alive & whole,
        frozen_at=torch.where(stops, clock, carry.frozen_at),
        broken=torch.where(stops, broken, carry.broken),
    )


def broken_numbers(broken: int) -> tuple[int, list[int]]:
    """The place and the numbers, counted from 0, of an entry of `Carry.broken`."""
    return broken >> MOST_NUMBERS, [number for number in range(MOST_NUMBERS) if broken >> number & 1]


def accept(carry: Carry, **new: Any) -> Carry:
    """Take a new `state` or `memory` where a seed is alive."""
    if _may_look(carry.alive) and bool(carry.alive.all()):
        return carry._replace(**new)

    def choose(new: Tensor, old: Tensor) -> Tensor:
        return new if new is old else torch.where(carry.alive.view(-1, *[1] * (new.dim() - 1)), new, old)

    return carry._replace(**{name: map_state(choose, part, getattr(carry, name)) for name, part in new.items()})


def _may_look(tensor: Tensor) -> bool:
    return tensor.device.type == "cpu" and not torch.compiler.is_compiling()
