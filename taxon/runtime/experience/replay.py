"""Replay on the training device: one ring over all environments in lockstep.

An observation is stored once: the next one of a step is the one that the following step was taken at, but where an
episode ends. Those final observations lie behind the ring, and a step has the place of its next observation.

S seeds, N environments of a seed, C steps kept of each, O observation, B samples, T time inside a window, W columns of
a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from taxon.operators.data import Episodes, Replay, episodes_of
from taxon.runtime.experience.layout import Layout

SHARE = 8  # on a GPU there is memory for one final observation for so many steps at first; the CPU takes what is used

# What small integers are kept as; all else is float32.
SMALL = {"uint8": torch.uint8, "int8": torch.int8, "bool": torch.uint8, "int16": torch.int16}

Taken = tuple[Tensor, Tensor, Tensor]  # rows, observations, next observations


class ReplayBuffer:
    """The last `capacity` steps of every seed, shared out evenly to its environments; see Source."""

    name = "replay"
    columns: tuple[str, ...] = ()
    observes = True

    def __init__(
        self,
        data: Replay,
        seeds: int,
        steps: int,
        observation: int,
        columns: Mapping[str, tuple[int, ...]],
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self.data, self.seeds, self.device, self.dtype = data, seeds, device, dtype
        self.environments, self.observation, self.by_round = data.environments, observation, data.episodes
        self.capacity = -(-min(data.capacity, steps) // data.environments)  # of an environment
        answer = {"reward": (), "terminated": (), "truncated": ()}
        self.layout = Layout({**columns, **answer})
        self._known = [observation, self.layout.width - len(answer)]  # widths of what is known before the answer
        self._answer = [observation, len(answer)]
        self.added = 0  # steps of an environment so far
        self._moved = moved
        # The newest step's next observation takes a slot beside those of the steps that are kept.
        self._slots = self.capacity + 1
        self.rows = torch.empty(0)  # [S, N, slots, W]
        self._observations = torch.empty(0)  # [S N slots + finals, O]
        self._ring = self._observations  # [S, N, slots, O], those before the final ones
        self._following = torch.empty(0)  # [S N slots], int64: where in them a step's next observation lies
        self._places: list[int] = []  # free ones for final observations
        self._finals: dict[int, tuple[NDArray[np.int64], list[int]]] = {}  # slot -> environments of S N, their places
        self._cut: list[tuple[int, int]] = []  # steps, by number and environment of S N, that `cut` ended
        self._first = torch.arange(seeds * data.environments, device=device) * self._slots  # each environment's slot 0
        # What a draw depends on, kept on the device: how many windows a seed has, and the oldest step's slot.
        self._windows = torch.zeros((), dtype=torch.int64, device=device)
        self._oldest = torch.zeros((), dtype=torch.int64, device=device)

    @property
    def size(self) -> int:
        """Steps of an environment that are kept."""
        return min(self.added, self.capacity)

    @property
    def width(self) -> int:
        """Numbers of a step of every environment as `between` gives it."""
        return self.seeds * self.environments * (self.layout.width + 2 * self.observation)

    @property
    def bytes(self) -> int:
        """Memory when full, final observations aside."""
        observation = torch.empty(0, dtype=self.dtype).element_size() * self.observation
        return self.seeds * self.environments * self._slots * (4 * self.layout.width + observation + 8)

    def starts(self) -> bool:
        return False

    def explores(self, steps: int) -> bool:
        return self.data.random_warmup and steps <= self.data.warmup

    def cuts(self) -> bool:
        return False

    def add(self, known: Tensor, answer: Tensor, over: NDArray[np.bool_]) -> None:
        self._take_memory()
        slot = self.added % self._slots
        self._release(slot)
        observation, known = known.split_with_sizes(self._known, -1)
        following, answer = answer.split_with_sizes(self._answer, -1)
        torch.cat([known, answer], -1, out=self.rows.select(2, slot))
        self._ring.select(2, slot).copy_(observation)
        self._ring.select(2, (slot + 1) % self._slots).copy_(following)
        if over.any():
            (ended,) = np.nonzero(over.reshape(-1))
            self._keep(ended, np.full(len(ended), slot), following.flatten(0, 1)[torch.from_numpy(ended)])
        self.added += 1

    def skip(self) -> None:
        """A replay's environments never wait."""

    def cut(self, seed: int, environment: int) -> None:
        if not self.added:
            return
        slot = (self.added - 1) % self._slots
        columns = self.layout.split(self.rows[seed, environment, slot])
        columns["truncated"].copy_(1.0 - columns["terminated"])
        number = seed * self.environments + environment
        if slot not in self._finals or number not in self._finals[slot][0]:
            self._cut.append((self.added - 1, number))
            at = self._following[number * self._slots + slot]
            self._keep(np.array([number]), np.array([slot]), self._observations[at].clone().unsqueeze(0))

    def due(self, steps: int, ahead: int = 0) -> int:
        data = self.data
        if self.size + ahead < data.sequence:
            return 0
        return data.rounds(steps) - data.rounds(steps - data.environments)

    def samples(
        self, generators: Sequence[torch.Generator], ahead: int = 0, index: Tensor | None = None
    ) -> Samples | None:
        if self.by_round:
            return None
        if index is None:
            self._prepare(self.added + ahead)
        return Samples(self, generators, index)

    def _prepare(self, added: int) -> None:
        """Let the draws that follow be of what is stored after so many steps."""
        sequence, size = self.data.sequence, min(added, self.capacity)
        if sequence > size:
            raise ValueError(f"a window of {sequence} steps from {size}")
        self._windows.fill_((size - sequence + 1) * self.environments)
        self._oldest.fill_((added - size) % self._slots)

    def draw(self, number: int, generators: Sequence[torch.Generator]) -> Tensor:
        """Uniform windows, each an environment's and the oldest of all 0: [S, number]. A generator for each seed."""
        numbers = [
            torch.empty(number, dtype=torch.int64, device=self.device).random_(generator=generator)
            for generator in generators
        ]
        return torch.stack(numbers) % self._windows

    def newest(self, windows: Tensor) -> Tensor:
        """Whether one of the windows ends with the newest step, []."""
        return (windows >= self._windows - self.environments).any()

    def take(self, windows: Tensor) -> Taken:
        """Windows [S, B]: rows [S, B, ...] and observations [S, B, O]; [S, B, T, ...] where they have several steps."""
        sequence, several = self.data.sequence, self.environments
        slots, first = windows, self._first.view(self.seeds, several)
        if several > 1:
            slots, first = windows // several, first.gather(1, windows % several)
        slots = slots + self._oldest
        if sequence > 1:
            slots = slots.unsqueeze(-1) + torch.arange(sequence, device=self.device)
            first = first.unsqueeze(-1)
        return self._read(slots % self._slots + first)

    def episodes(self) -> Episodes:
        """Every stored step of every environment in time order, [S, N C, ...].

        A step is valid once its episode is complete. Where an environment has no complete episode yet, the running one
        counts as cut at the present step: it is then truncated there, and bootstraps. Where nothing bootstraps, it
        counts only until any episode of the seed is complete. The oldest episode may have lost its first steps; what
        is computed from later ones, such as a return, stays exact for the rest.
        """
        steps = torch.arange(self.added - self.size, self.added, device=self.device) % self._slots
        rows, observation, following = self._read(steps + self._first.view(self.seeds, -1, 1))
        columns = {"observation": observation, "next_observation": following, **self.layout.split(rows)}
        over = torch.maximum(columns["terminated"], columns["truncated"])  # [S, N, C]
        complete = over.flip(-1).cummax(-1).values.flip(-1)
        known = complete[..., :1] if self.data.bootstraps else complete.amax((1, 2), keepdim=True)
        valid = torch.where(known > 0, complete, torch.ones_like(complete))
        ended = over.clone()
        ended[..., -1] = 1.0
        # Before the oldest step of a full ring there was another one, which is gone.
        first = torch.full_like(over[..., :1], float(self.size < self.capacity))
        begins = torch.cat([first, over[..., :-1]], -1)
        columns |= {"ended": ended, "valid": valid, "begins": begins}
        return episodes_of({name: column.flatten(1, 2) for name, column in columns.items()})

    def clear(self) -> None:
        """A replay keeps what it has."""

    def capture(self) -> dict[str, Any]:
        kept = [(step, environment) for step, environment in self._cut if step >= self.added - self.size]
        return {"added": self.added, "cut": [list(pair) for pair in kept]}

    def restore(self, saved: Mapping[str, Any], steps: int) -> None:
        added, cut = saved["added"], [(step, environment) for step, environment in saved["cut"]]
        if type(added) is not int or added != steps // self.environments:
            raise ValueError(f"it has stored {str(added)[:40]} steps of {steps:,}")
        if not all(type(number) is int for pair in cut for number in pair) or not all(
            0 <= step < added and 0 <= one < self.seeds * self.environments for step, one in cut
        ):
            raise ValueError("a step was cut that was never made")
        self.added, self._cut = added, cut

    def in_files(self) -> ReplayBuffer:
        return self

    def between(self, first: int, end: int) -> Tensor:
        """Steps `first` to `end` - 1, counted from the run's start and all kept still: [n, S N, 2 O + W].

        Each is its row, its observation and the next one, in float32, which holds them exactly.
        """
        slots = torch.arange(first, end, device=self.device) % self._slots
        parts = self._read(slots.unsqueeze(1) + self._first)
        return torch.cat(parts, -1)

    def put(self, first: int, steps: Tensor) -> None:
        """Lay steps [n, S N, 2 O + W] where those from number `first` on belong, cut where `cut` did so after they were
        written; `added` is for the caller to set."""
        columns = self.layout.split(steps[..., : self.layout.width])
        for step, environment in self._cut:
            if first <= step < first + len(steps):
                place = step - first, environment
                columns["truncated"][place] = 1.0 - columns["terminated"][place]
        # [S, N, n, ...]
        steps = steps.to(self.device).view(len(steps), self.seeds, self.environments, -1).movedim(0, 2)
        rows, observation, following = torch.split(steps, [self.layout.width, self.observation, self.observation], -1)
        columns = self.layout.split(rows)
        self._take_memory()
        numbers = np.arange(first, first + rows.shape[2]) % self._slots
        for slot in numbers.tolist():
            self._release(slot)
        slots = torch.from_numpy(numbers)
        self.rows[:, :, slots] = rows
        self._ring[:, :, slots] = observation.to(self.dtype)
        self._ring[:, :, (slots[-1] + 1) % self._slots] = following[:, :, -1].to(self.dtype)
        over = torch.maximum(columns["terminated"], columns["truncated"]).flatten(0, 1).cpu()
        if over.any():
            ended, places = over.numpy().nonzero()
            finals = following.flatten(0, 1)[torch.from_numpy(ended), torch.from_numpy(places)]
            self._keep(ended, numbers[places], finals)

    def _keep(self, environments: NDArray[np.int64], slots: NDArray[np.int64], finals: Tensor) -> None:
        """Lay final observations [k, O] of steps of these environments (of S N) in these slots aside."""
        while len(self._places) < len(slots):
            self._grow()
        places = [self._places.pop() for _ in slots]
        where = torch.tensor(places, device=self.device)
        self._observations[where] = finals.to(self.dtype)
        self._following[torch.from_numpy(environments * self._slots + slots).to(self.device)] = where
        for environment, slot, place in zip(environments.tolist(), slots.tolist(), places, strict=True):
            known, kept = self._finals.get(slot, (np.empty(0, np.int64), []))
            self._finals[slot] = np.append(known, environment), [*kept, place]

    def _release(self, slot: int) -> None:
        """The step in a slot leaves: its final observations, if it has any, are forgotten."""
        if slot in self._finals:
            environments, places = self._finals.pop(slot)
            self._places += places
            index = torch.from_numpy(environments).to(self.device) * self._slots
            self._following[index + slot] = index + (slot + 1) % self._slots

    def _read(self, index: Tensor) -> Taken:
        """What is stored at slots of S N of them, [...]: rows [..., W], observations [..., O], next observations."""
        flat = index.flatten()
        rows = self.rows.view(-1, self.layout.width).index_select(0, flat).view(*index.shape, -1)
        both = torch.cat([flat, self._following.index_select(0, flat)])
        observations = self._observations.index_select(0, both).view(2, *index.shape, -1).float()
        return rows, observations[0], observations[1]

    def _take_memory(self) -> None:
        if not self.rows.numel():
            several = self.seeds * self.environments
            slots = several * self._slots
            # Memory of the CPU is taken where it is written to.
            finals = slots if self.device.type == "cpu" else max(several, slots // SHARE)
            self.rows = torch.empty(self.seeds, self.environments, self._slots, self.layout.width, device=self.device)
            self._lay(torch.empty(slots + finals, self.observation, dtype=self.dtype, device=self.device))
            self._places = list(range(slots + finals - 1, slots - 1, -1))
            here = torch.arange(self._slots, device=self.device)
            self._following = (self._first.unsqueeze(1) + (here + 1) % self._slots).flatten()

    def _lay(self, observations: Tensor) -> None:
        self._observations = observations
        several = self.seeds * self.environments * self._slots
        self._ring = observations[:several].view(self.seeds, self.environments, self._slots, self.observation)

    def _grow(self) -> None:
        """Make room for more final observations."""
        there = len(self._observations)
        more = there - len(self._following)
        self._lay(torch.cat([self._observations, self._observations.new_empty(more, self.observation)]))
        self._places += range(there + more - 1, there - 1, -1)
        self._moved()


class Samples:
    """Minibatches of a replay's single steps or windows, drawn now or taken from an index that was."""

    def __init__(self, buffer: ReplayBuffer, generators: Sequence[torch.Generator], index: Tensor | None) -> None:
        self.length = buffer.data.sequence
        self.take, self.newest = buffer.take, buffer.newest
        self._buffer, self._generators, self._index = buffer, generators, index
        self._made = 0

    def next(self, number: int) -> Tensor:
        """The index of so many samples, [S, number]."""
        self._made += number
        if self._index is None:
            return self._buffer.draw(number, self._generators)
        return self._index[:, self._made - number : self._made]

    def split(self, taken: Taken) -> dict[str, Tensor]:
        """The columns of what was taken."""
        rows, observation, following = taken
        return {"observation": observation, "next_observation": following, **self._buffer.layout.split(rows)}
