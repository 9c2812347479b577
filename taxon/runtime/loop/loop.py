"""The training loop: environments, stored experience and an agent, S seeds side by side.

The loop does not depend on the algorithm that it runs, and logs nothing: it counts, and gives out what it counted. What
it runs on the device are units: to act, and to make some updates of a phase.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from taxon.operators.data import Phase, Replay, Rollouts
from taxon.operators.noise import uniform
from taxon.runtime.agent import Agent, begun, map_state, named_tensors
from taxon.runtime.device.units import ACTING, Direct, Units
from taxon.runtime.environments.environment import Environment
from taxon.runtime.environments.vectors.collector import Collector
from taxon.runtime.environments.vectors.vector import Episode, VectorEnvironment
from taxon.runtime.experience.layout import Layout
from taxon.runtime.experience.minibatches import Minibatches, Table
from taxon.runtime.experience.replay import Samples
from taxon.runtime.experience.source import Source, source_of
from taxon.runtime.loop.learning import Carry, accept, broken_numbers, freeze, learn
from taxon.runtime.loop.metrics import Means
from taxon.runtime.loop.streams import Streams, streams

LONG_ROUND = 100  # updates of a round from which on a stop is possible on its way

Function = Callable[..., Any]
Split = Callable[[Any], dict[str, Tensor]]

__all__ = ["Agent", "Episode", "Loop", "Streams", "map_state", "streams"]  # what training takes, and gives


def as_it_is(name: str, function: Function, due: bool = True) -> Function:
    """Functions that run uncompiled."""
    return function


class Loop:
    """Train one agent per seed; call `step` until `steps` of them have been made.

    environments: N = `data.environments` of every seed, seed by seed, or what steps them together. steps: how many
    will be made, which bounds the replay's memory. phases: the agent's, where they are not to run as they are.
    prepare: may compile what a phase (by name) computes on the device, where its policy is due or not, and what ACTING
    does. units: what runs the units. overlap: where the updates do not need the step that is being made, they are
    issued before the environments are waited for; the numbers are the same. dtype: how a replay keeps observations.
    """

    def __init__(
        self,
        agent: Agent,
        data: Replay | Rollouts,
        environments: Sequence[Environment] | VectorEnvironment,
        streams: Streams,
        steps: int,
        device: torch.device,
        phases: Sequence[Phase] | None = None,
        prepare: Callable[..., Function] = as_it_is,
        units: Units | None = None,
        overlap: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.agent = agent
        self.phases = agent.phases if phases is None else tuple(phases)
        self.data = data
        self.streams = streams
        self.device = device
        self.units: Units = Direct(device) if units is None else units
        self._learns = self.units if data.fixed else Direct(device)  # a recorded unit has one shape
        self.overlap = overlap

        seeds = len(streams.init)
        self.carry = Carry(
            map_state(lambda leaf: leaf.to(device), agent.init(streams.init)),
            agent.memory(seeds, data.environments, device),
            torch.ones(seeds, dtype=torch.bool, device=device),
            torch.full((seeds,), -1, device=device),
            torch.zeros(seeds, dtype=torch.int64, device=device),
        )
        self.collector = Collector(environments, seeds, data.restarts)
        self.observations, self.actions = self.collector.observation, self.collector.action
        columns = {"action": (self.actions,), **agent.columns}
        moved = self.units.forget
        self.source: Source = source_of(data, seeds, steps, self.observations, columns, device, dtype, moved)
        # What of a row is known before the environment has answered.
        known = {"observation": (self.observations,), **columns, **dict.fromkeys(self.source.columns, ())}
        self._known = Layout(known)
        # Random actions are drawn too few times to be compiled.
        self._act = {False: prepare(ACTING, self._acts(False)), True: self._acts(True)}
        self._prepare = prepare
        self._updates: dict[tuple[str, bool], Function] = {}

        # What has happened so far, per seed that is still training.
        self.steps = 0  # environment steps, those included during which an environment waited
        self.updates = {phase.name: 0 for phase in self.phases}  # updates of every phase
        self.samples = 0  # stored steps read by updates
        self.pending = 0  # rounds of updates that are due before the next step

        self.living = seeds  # how many seeds are not frozen, as of the latest step
        self.causes: dict[int, str] = {}  # why, where an environment was the cause
        self.traces: dict[int, str] = {}  # and where in its code
        self.broken: dict[int, str] = {}  # what was not finite, of the frozen seeds that were looked at
        self._places = {phase.name: 1 + 2 * number for number, phase in enumerate(self.phases)}
        self._metrics: dict[int, tuple[str, ...]] = {}  # names, by the place of the update
        self._alive = np.ones(seeds, dtype=np.bool_)  # as of the latest step
        self.means = Means()
        self._clock = torch.zeros((), dtype=torch.int64, device=device)  # `steps`, on the device

        self._take_faults()

    @property
    def state(self) -> Any:
        """The agent's state."""
        return self.carry.state

    @property
    def environment_steps(self) -> list[int]:
        """What the environments of each seed have made: without those that waited or whose seed is frozen."""
        return self.collector.steps

    def step(self, watch: Callable[[], None] = lambda: None) -> None:
        """One step of every environment whose seed is not frozen, and the updates that are due after it.

        watch: called on the way through a long round of updates. Where it raises, the round is undone and pending: the
        next call makes it whole instead of a step.
        """
        if not self.pending:
            self._advance()
        while self.pending:
            self._update(watch)
            self.pending -= 1

    def fail(self, seed: int, cause: str, trace: str = "") -> None:
        """Freeze a seed (by index) for what its environment did."""
        if self._alive[seed]:
            self.causes[seed], self.traces[seed] = cause, trace
        self._alive[seed] = False
        self.living = int(self._alive.sum())
        self._freeze(self._alive)

    def restore(self, carry: Carry) -> None:
        """Go on with another carry."""
        self.carry = carry
        self._alive = carry.alive.cpu().numpy().copy()
        self.living = int(self._alive.sum())

    def is_alive(self, seed: int) -> bool:
        """Whether a seed (by index) was alive at the latest step."""
        return bool(self._alive[seed])

    def frozen(self) -> dict[int, int]:
        """The seeds (by index) that became non-finite, with the environment step at which they did."""
        return {seed: step for seed, step in enumerate(self.carry.frozen_at.tolist()) if step >= 0}

    def diagnose(self) -> dict[int, str]:
        """What was not finite when a seed was frozen, by index; it is read from the device for new ones alone."""
        for seed in self.frozen():
            if not self.causes.get(seed) and seed not in self.broken:
                self.broken[seed] = self._not_finite(seed)
        return self.broken

    def _not_finite(self, seed: int) -> str:
        place, numbers = broken_numbers(int(self.carry.broken[seed]))
        if place == 0:
            said = "its action"
        else:
            names = self._metrics[place]
            said = f"{', '.join(names[number] for number in numbers)} of the phase {self._phase(place).name}"
        for kind, part in (("state", self.state), ("memory", self.carry.memory)):
            broken = [name for name, leaf in named_tensors(part) if not bool(torch.isfinite(leaf[seed]).all())]
            if broken:
                return f"{', '.join(broken)} of its {kind}, then {said}"
        return said

    def _place(self, phase: Phase, due: bool) -> int:
        """A number for each kind of update, from 1."""
        return self._places[phase.name] + due

    def _phase(self, place: int) -> Phase:
        return self.phases[(place - 1) // 2]

    def take_episodes(self) -> list[Episode]:
        """The training episodes that finished since the last call."""
        finished, self.collector.finished = self.collector.finished, []
        return finished

    def take_metrics(self) -> dict[str, dict[str, list[float]]]:
        """Per phase and metric the mean since the last call, per seed; NaN for a frozen seed."""
        return self.means.take(self.carry.alive)

    def _advance(self) -> None:
        """A step, with its updates where they were issued on its way; else `pending` says how many are due."""
        source = self.source
        self.steps += self.data.environments
        if source.starts():
            self.collector.restart(self.streams.starts, self.data.group, self._alive)
            self._take_faults()
        random = source.explores(self.steps)
        if self.collector.resting(self._alive):
            # Drawn even where no seed acts: how long others run must not show in a seed's stream.
            self._noise(random)
            source.skip()
            self.pending = source.due(self.steps)
        else:
            self._tick(random)

    def _noise(self, random: bool) -> Tensor:
        acting, environments = self.streams.acting, self.data.environments
        if random:
            return uniform(acting, environments, self.actions, device=self.device)
        return self.agent.act_noise(acting, environments, self.device)

    def _acts(self, random: bool) -> Function:
        """(carry, rows, noise) -> carry, the part of a row that is known, what goes to the host: [S, N A + 1]."""
        agent, size, observes = self.agent, self.observations, self.source.observes
        environments = self.data.environments

        @torch.no_grad()
        def acts(carry: Carry, rows: Tensor, noise: Tensor) -> tuple[Carry, Tensor, Tensor]:
            begins, waiting, observation = rows[..., size + 3], rows[..., size + 4], rows[..., size + 5 :]
            state, memory = carry.state, carry.memory
            if random:
                taken = agent.act_random(noise)
            else:
                memory = begun(memory, begins, agent.memory(len(begins), environments, begins.device))
                memory, taken = agent.act(state, memory, observation, noise)
            known = self._known.join(
                {"observation": observation, "valid": 1.0 - waiting, "begins": begins, **taken},
            )
            if observes:
                state = agent.observe(state, observation)
            sent = torch.cat([taken["action"].flatten(1), carry.alive.unsqueeze(-1)], -1)
            return accept(carry, state=state, memory=memory), known, sent

        return acts

    def _tick(self, random: bool) -> None:
        """Act, step the environments, store."""
        source, collector, size = self.source, self.collector, self.observations
        samples = self._ahead()
        rows = self.units.hold("rows", torch.from_numpy(collector.rows))

        def unit(carry: Carry) -> tuple[Carry, Any]:
            carry, known, sent = self._act[random](carry, rows, self._noise(random))
            drawn = {} if samples is None else self._draw_ahead(samples)
            if samples is not None:
                late = torch.stack([samples.newest(index) for index in drawn.values()]).any()
                sent = torch.cat([sent, late.expand(len(sent), 1)], -1)
            return carry, (known, sent, drawn)

        early = samples is not None
        self.carry, (known, sent, drawn) = self.units((ACTING, random, early), unit, self.carry)
        # The one transfer to the host: the actions, which seeds go on, and whether the updates need this step.
        host = sent.cpu().numpy()
        late = bool(host[0, -1]) if early else True
        host = host[:, : host.shape[1] - early]
        self._alive = host[:, -1] > 0
        if not np.isfinite(host).all():
            # What is computed for an environment that waits is dropped, so it must not freeze the seed either.
            acted = np.isfinite(host[:, :-1]).reshape(len(host), self.data.environments, -1).all(-1)
            finite = (acted | collector.rests).all(-1)
            self._alive &= finite
            self._freeze(finite)
        self.living = int(self._alive.sum())
        collector.start(host[:, :-1], self._alive, self.steps, source.cuts())
        if not late:
            self._round(lambda: None, drawn)
        collector.finish()
        answer = self.units.hold("answer", torch.from_numpy(collector.rows))[..., : size + 3]
        source.add(known, answer, np.any(collector.rows[..., size + 1 : size + 3] > 0, -1))
        self._take_faults()
        if early and late:
            self._round(lambda: None, drawn)
        self.pending = 0 if early else source.due(self.steps)

    def _ahead(self) -> Samples | None:
        """What a round reads that may be issued while the environments step: it is short, and stored before."""
        if self.overlap and self._length() < LONG_ROUND and self.source.due(self.steps, ahead=1) == 1:
            return self.source.samples(self.streams.sampling, ahead=1)
        return None

    def _draw_ahead(self, samples: Samples) -> dict[str, Tensor]:
        """The index of all that every phase of a round will read: [S, updates B] each."""
        return {phase.name: samples.next(phase.updates * self.data.batch) for phase in self.phases}

    def _length(self) -> int:
        """Updates of a round."""
        return sum(phase.updates for phase in self.phases)

    def _update(self, watch: Callable[[], None]) -> None:
        """One round; where it is long and `watch` raises, everything is as it was before."""
        if self._length() < LONG_ROUND:
            self._round(lambda: None)
            return
        generators = [*self.streams.sampling, *self.streams.noise]
        before = [generator.get_state() for generator in generators]
        carry, sums = map_state(torch.clone, self.carry), self.means.sums()
        updates, samples = dict(self.updates), self.samples
        try:
            self._round(watch)
        except BaseException:
            for generator, own in zip(generators, before, strict=True):
                generator.set_state(own)
            self.carry, self.updates, self.samples = carry, updates, samples
            self.means.put(sums)
            raise

    def _round(self, watch: Callable[[], None], drawn: Mapping[str, Tensor] | None = None) -> None:
        """Every phase in order; a column that one refreshes stays for those after it.

        drawn: what the phases read of the replay, where that was settled before.
        """
        self._clock.fill_(self.steps)
        source, sampling = self.source, self.streams.sampling
        columns: dict[str, Any] = {}
        episodes = source.episodes() if source.by_round else None
        if episodes is not None:
            columns |= episodes._asdict()
        for phase in self.phases:
            if episodes is not None and phase.refresh is not None:
                columns |= phase.refresh(self.state, episodes, self.streams.noise)
            if phase.whole:
                self._learn_from_all(phase, columns, watch)
            elif source.by_round:
                names: tuple[str, ...] = phase.batch._fields  # type: ignore[attr-defined]
                table = Table(columns, names, phase.updates * self.data.batch, sampling)
                table.rows = self._learns.hold(f"rows of {phase.name}", table.rows)
                self._learn(phase, table, watch)
            elif (samples := source.samples(sampling, index=None if drawn is None else drawn[phase.name])) is not None:
                self._learn(phase, samples, watch)
        if episodes is not None and not source.observes:
            self._observe(episodes)
        source.clear()

    def _learn(self, phase: Phase, minibatches: Minibatches, watch: Callable[[], None]) -> None:
        """A phase's updates on minibatches, several in a unit where units hold several."""
        batch, made = self.data.batch, 0
        while made < phase.updates:
            watch()
            several = min(self._learns.most, phase.updates - made)
            chosen = minibatches.next(several * batch)
            chosen = self._learns.hold(f"index of {phase.name}, {several}", chosen)
            first = self.updates[phase.name] + 1

            def unit(carry: Carry, chosen: Tensor = chosen, first: int = first) -> tuple[Carry, None]:
                for number, part in enumerate(torch.split(chosen, batch, 1), first):
                    carry = self._once(phase, number, carry, minibatches.take(part), minibatches.split)
                return carry, None

            key = (phase.name, several, first % phase.every)
            self.carry, _ = self._learns(key, unit, self.carry)
            made += several
            self.updates[phase.name] += several
            self.samples += several * batch * minibatches.length

    def _learn_from_all(self, phase: Phase, columns: Mapping[str, Tensor], watch: Callable[[], None]) -> None:
        """A phase's updates on every stored step."""
        names: tuple[str, ...] = phase.batch._fields  # type: ignore[attr-defined]
        for _ in range(phase.updates):
            watch()
            self.updates[phase.name] += 1
            batch = phase.batch(**{name: columns[name] for name in names})
            self.carry = self._once(phase, self.updates[phase.name], self.carry, batch)
            self.samples += columns["valid"].shape[1]

    def _once(self, phase: Phase, number: int, carry: Carry, batch: Any, split: Split | None = None) -> Carry:
        """The update of this number, from 1, on a whole batch, or on what `split` makes columns of."""
        due = phase.between is None or number % phase.every == 0
        if (phase.name, due) not in self._updates:
            update = _update_of(phase, due, split, self._place(phase, due))
            self._updates[phase.name, due] = self._prepare(phase.name, update, due)
        noise = phase.noise(self.streams.noise, self.device)
        carry, names, values = self._updates[phase.name, due](carry, self._clock, batch, noise)
        self._metrics[self._place(phase, due)] = names
        self.means.add(phase.name, names, values)
        return carry

    def _observe(self, episodes: Any) -> None:
        """Show every seed its valid observations, whose number may differ between the seeds."""
        parts = []
        for seed, valid in enumerate(episodes.valid > 0):
            own = map_state(lambda leaf, seed=seed: leaf[seed : seed + 1], self.state)
            parts.append(self.agent.observe(own, episodes.observation[seed : seed + 1, valid]))
            if parts[-1] is own:
                return
        self.carry = accept(self.carry, state=map_state(lambda *leaves: torch.cat(leaves), *parts))

    def _take_faults(self) -> None:
        for fault in self.collector.faults:
            self.fail(*fault)
        self.collector.faults = []

    def _freeze(self, finite: Any) -> None:
        """Mark the seeds that are not finite, [S]."""
        now = self._clock.fill_(self.steps)
        self.carry = freeze(self.carry, torch.tensor(finite, device=self.device).unsqueeze(0), now)


def _update_of(phase: Phase, due: bool, split: Split | None, place: int) -> Function:
    """(carry, clock, batch, noise) -> what `learn` gives; `split` makes columns of what is no batch yet."""
    update = phase.update if due or phase.between is None else phase.between
    names: tuple[str, ...] = phase.batch._fields  # type: ignore[attr-defined]

    def once(carry: Carry, clock: Tensor, batch: Any, noise: Any) -> tuple[Carry, tuple[str, ...], Tensor]:
        if split is not None:
            columns = split(batch)
            batch = phase.batch(**{name: columns[name] for name in names})
        return learn(update, carry, clock, batch, noise, place)

    return once
