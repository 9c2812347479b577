"""The training loop: environments, stored experience and an agent, S seeds side by side.

The loop never learns which algorithm it runs, and logs nothing: it counts, and hands out what it counted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from taxon.operators.data import Episodes, Phase, Replay, Rollouts
from taxon.operators.noise import uniform
from taxon.runtime.agent import Agent, map_state
from taxon.runtime.collector import Collector, Episode, Heard
from taxon.runtime.environments import Environment
from taxon.runtime.metrics import Means
from taxon.runtime.replay import Ring, gather, passes
from taxon.runtime.rollouts import Segment
from taxon.runtime.streams import Streams, streams

LONG_ROUND = 100  # updates of a round from which on it listens for a stop on its way

__all__ = ["Agent", "Episode", "Loop", "Streams", "map_state", "streams"]  # what training takes, and gives


class Loop:
    """Train one agent per seed; call `step` until `steps` of them have been made.

    environments: N = `data.environments` of every seed, seed by seed. steps: how many will be made, which bounds the
    replay's memory. phases: the agent's, where they are not to run as they are.
    """

    def __init__(
        self,
        agent: Agent,
        data: Replay | Rollouts,
        environments: Sequence[Environment],
        streams: Streams,
        steps: int,
        device: torch.device,
        phases: Sequence[Phase] | None = None,
    ) -> None:
        self.agent = agent
        self.phases = agent.phases if phases is None else tuple(phases)
        self.data = data
        self.streams = streams
        self.device = device
        self.state: Any = map_state(lambda leaf: leaf.to(device), agent.init(streams.init))

        seeds, observation, action = len(streams.init), environments[0].observation, environments[0].action
        self.action = action
        columns = {"observation": observation, "action": action, "reward": 0, "next_observation": observation}
        columns |= {"terminated": 0, "truncated": 0} | dict.fromkeys(agent.columns, 0)
        self.store: Ring | Segment
        if isinstance(data, Rollouts):
            self.store = Segment(seeds, data.environments, data.steps, columns, device)
        else:
            self.store = Ring(seeds, min(data.capacity, steps), columns, device)

        # What has happened so far, per seed that is still training.
        self.steps = 0  # environment steps, those included during which an environment waited
        self.updates = {phase.name: 0 for phase in self.phases}  # updates of every phase
        self.samples = 0  # stored steps read by updates
        self.pending = False  # a round of updates is due before the next step

        self.living = seeds  # how many seeds are not frozen, as of the latest step
        self.alive = torch.ones(seeds, dtype=torch.bool, device=device)
        self.frozen_at = torch.full((seeds,), -1, device=device)
        self.causes: dict[int, str] = {}  # why, where an environment was the cause
        self.traces: dict[int, str] = {}  # and where in its code
        self._alive = np.ones(seeds, dtype=np.bool_)  # as of the latest step
        self.means = Means()

        waits = isinstance(data, Rollouts) and data.restarts
        self.collector = Collector(environments, seeds, waits, device)
        self.heard: Heard = self.collector.heard()
        self._take_faults()

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
            self.pending = self._due()
        if self.pending:
            self._update(watch)
            self.pending = False

    def fail(self, seed: int, cause: str, trace: str = "") -> None:
        """Freeze a seed (by index) for what its environment did."""
        if self._alive[seed]:
            self.causes[seed], self.traces[seed] = cause, trace
        self._alive[seed] = False
        self.living = int(self._alive.sum())
        self._freeze(torch.tensor(self._alive, device=self.device))

    def set_alive(self, alive: Tensor) -> None:
        """Which seeds are not frozen: [S]."""
        self.alive = alive
        self._alive = alive.cpu().numpy().copy()
        self.living = int(self._alive.sum())

    def is_alive(self, seed: int) -> bool:
        """Whether a seed (by index) was alive at the latest step."""
        return bool(self._alive[seed])

    def frozen(self) -> dict[int, int]:
        """The seeds (by index) that became non-finite, with the environment step at which they did."""
        return {seed: step for seed, step in enumerate(self.frozen_at.tolist()) if step >= 0}

    def take_episodes(self) -> list[Episode]:
        """The training episodes that finished since the last call."""
        finished, self.collector.finished = self.collector.finished, []
        return finished

    def take_metrics(self) -> dict[str, dict[str, list[float]]]:
        """Per phase and metric the mean since the last call, per seed; NaN for a frozen seed."""
        return self.means.take(self.alive)

    def _advance(self) -> None:
        data, store = self.data, self.store
        self.steps += data.environments
        if isinstance(data, Rollouts) and data.restarts and store.size == 0:
            self.heard = self.collector.restart(self.streams.starts, data.group, self._alive)
            self._take_faults()
        random = isinstance(data, Replay) and data.random_warmup and self.steps <= data.warmup
        # Drawn even where nobody acts: how long others run must not show in a seed's stream.
        noise = self._noise(random)
        if isinstance(store, Segment) and self.collector.resting(self._alive):
            store.skip()
        else:
            self._tick(noise, random)

    def _noise(self, random: bool) -> Tensor:
        acting, environments = self.streams.acting, self.data.environments
        if random:
            return uniform(acting, environments, self.action, device=self.device)
        return self.agent.act_noise(acting, environments, self.device)

    def _tick(self, noise: Tensor, random: bool) -> None:
        """Act, hear and store."""
        data, before = self.data, self.heard
        taken = self._act(noise, random)
        action = taken["action"]
        # The one transfer to the host: the actions, and which seeds go on.
        host = torch.cat([action.flatten(1), self.alive.unsqueeze(-1)], -1).cpu().numpy()
        # What is computed for an environment that waits is dropped, so it must not freeze the seed either.
        finite = (np.isfinite(host[:, :-1].reshape(action.shape)).all(-1) | self.collector.rests).all(-1)
        if not finite.all():
            self._freeze(torch.tensor(finite, device=self.device))
        self._alive = (host[:, -1] > 0) & finite
        self.living = int(self._alive.sum())
        last = isinstance(data, Rollouts) and data.restarts and self.store.size + 1 == data.steps
        self.collector.start(host[:, :-1], self._alive, self.steps, last)
        self.heard = self.collector.finish()
        self.store.add(
            taken
            | {
                "observation": before.observation,
                "reward": self.heard.reward,
                "next_observation": self.heard.next_observation,
                "terminated": self.heard.terminated,
                "truncated": self.heard.truncated,
                "valid": 1.0 - before.waiting,
                "begins": before.begins,
            }
        )
        if isinstance(self.store, Ring):
            self._accept(self.agent.observe(self.state, before.observation))
        self._take_faults()

    @torch.no_grad()
    def _act(self, noise: Tensor, random: bool) -> dict[str, Tensor]:
        if random:
            return self.agent.act_random(noise)
        state, taken = self.agent.act(self.state, self.heard.observation, self.heard.begins, noise)
        self._accept(state)
        return taken

    def _due(self) -> bool:
        """Whether the phases run after this step.

        With a replay they first run once the warm-up's last step is stored, then every `steps_per_update` steps; with
        rollouts, whenever the segment is full.
        """
        if isinstance(self.data, Rollouts):
            return self.store.size == self.data.steps
        since = self.steps - self.data.warmup
        return since >= 0 and since % self.data.steps_per_update == 0 and self.store.size >= self.data.sequence

    def _update(self, watch: Callable[[], None]) -> None:
        """One round; where it is long and `watch` raises, everything is as it was before."""
        if sum(phase.updates for phase in self.phases) < LONG_ROUND:
            self._round(lambda: None)
            return
        generators = [*self.streams.sampling, *self.streams.noise]
        before = [generator.get_state() for generator in generators]
        state, updates, samples, sums = self.state, dict(self.updates), self.samples, self.means.sums()
        alive, frozen_at = self.alive, self.frozen_at
        try:
            self._round(watch)
        except BaseException:
            for generator, own in zip(generators, before, strict=True):
                generator.set_state(own)
            self.state, self.updates, self.samples, self.means = state, updates, samples, Means(sums)
            self.alive, self.frozen_at = alive, frozen_at
            raise

    def _round(self, watch: Callable[[], None]) -> None:
        """Every phase in order; a column that one refreshes stays for those after it."""
        episodes = self.store.episodes() if isinstance(self.data, Rollouts) or self.data.episodes else None
        columns: dict[str, Any] = {} if episodes is None else episodes._asdict()
        for phase in self.phases:
            if episodes is not None and phase.refresh is not None:
                columns |= phase.refresh(self.state, episodes, self.streams.noise)
            for batch, steps in self._batches(phase, columns):
                watch()
                self._update_once(phase, batch)
                self.samples += steps
        if episodes is not None and isinstance(self.store, Segment):
            self._observe(episodes)
            self.store.clear()

    def _update_once(self, phase: Phase, batch: Any) -> None:
        count = self.updates[phase.name] = self.updates[phase.name] + 1
        update = phase.update if phase.between is None or count % phase.every == 0 else phase.between
        state, metrics = update(self.state, batch, phase.noise(self.streams.noise, self.device))
        values = torch.stack(list(metrics.values()))
        self._freeze(torch.isfinite(values).all(0))
        self._accept(state)
        self.means.add(phase.name, metrics, values)

    def _batches(self, phase: Phase, columns: Mapping[str, Tensor]) -> Iterator[tuple[Any, int]]:
        """The batches of a phase, and how many steps of a seed each holds."""
        names: tuple[str, ...] = phase.batch._fields  # type: ignore[attr-defined]
        data, sampling = self.data, self.streams.sampling
        if phase.whole:
            for _ in range(phase.updates):
                yield phase.batch(**{name: columns[name] for name in names}), columns["valid"].shape[1]
        elif columns:
            for index in passes(columns["valid"], data.batch, phase.updates, sampling):
                yield phase.batch(**{name: gather(columns[name], index) for name in names}), data.batch
        elif isinstance(data, Replay) and isinstance(self.store, Ring):
            for _ in range(phase.updates):
                sampled = self.store.sample(names, data.batch, sampling, data.sequence)
                yield phase.batch(**sampled), data.batch * data.sequence

    def _observe(self, episodes: Episodes) -> None:
        """Show every seed its valid observations, whose number may differ between the seeds."""
        parts = []
        for seed, valid in enumerate(episodes.valid > 0):
            own = map_state(lambda leaf, seed=seed: leaf[seed : seed + 1], self.state)
            parts.append(self.agent.observe(own, episodes.observation[seed : seed + 1, valid]))
            if parts[-1] is own:
                return
        self._accept(map_state(lambda *leaves: torch.cat(leaves), *parts))

    def _take_faults(self) -> None:
        for fault in self.collector.faults:
            self.fail(*fault)
        self.collector.faults = []

    def _freeze(self, finite: Tensor) -> None:
        """Mark seeds that stopped being finite; all on the device."""
        if self.device.type == "cpu" and bool(finite.all()):
            return  # looking costs nothing on the CPU, and marking does
        self.frozen_at = torch.where(self.alive & ~finite, self.steps, self.frozen_at)
        self.alive = self.alive & finite

    def _accept(self, state: Any) -> None:
        """Take the new state where a seed is alive."""
        if state is self.state or (self.device.type == "cpu" and bool(self.alive.all())):
            self.state = state  # looking costs nothing on the CPU, and saves a copy of every tensor
            return

        def choose(new: Tensor, old: Tensor) -> Tensor:
            return torch.where(self.alive.view(-1, *[1] * (new.dim() - 1)), new, old)

        self.state = map_state(choose, state, self.state)
