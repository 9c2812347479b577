"""The training loop: environments, replay and an agent, S seeds side by side.

The loop never learns which algorithm it runs, and logs nothing: it counts, and hands out what it counted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from taxon.operators.data import Episodes, Phase, Replay
from taxon.runtime.environments import Environment
from taxon.runtime.replay import Ring, gather, passes


class Agent(Protocol):
    """What an emitted module's Agent offers; every tensor of a state leads with S."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def phases(self) -> tuple[Phase, ...]: ...

    def init(self, generators: Sequence[torch.Generator]) -> Any: ...

    def observe(self, state: Any, observation: Tensor) -> Any: ...

    def act(self, state: Any, observation: Tensor, noise: Tensor) -> dict[str, Tensor]: ...

    def act_mean(self, state: Any, observation: Tensor) -> Tensor: ...

    def act_random(self, uniform: Tensor) -> dict[str, Tensor]: ...


class Streams(NamedTuple):
    """Every seed's own streams of random numbers, so that it never notices the others."""

    init: list[torch.Generator]
    acting: list[torch.Generator]
    sampling: list[torch.Generator]
    noise: list[torch.Generator]
    environment: list[int]
    evaluation: list[int]


def streams(seeds: Sequence[int], device: torch.device) -> Streams:
    """Independent streams for every seed; initial values are drawn on the CPU, all else on the device."""
    children = [np.random.SeedSequence(seed).spawn(len(Streams._fields)) for seed in seeds]

    def generators(kind: int, where: torch.device) -> list[torch.Generator]:
        states = [int(several[kind].generate_state(1, np.uint64)[0]) for several in children]
        return [torch.Generator(where).manual_seed(state) for state in states]

    def numbers(kind: int) -> list[int]:
        return [int(several[kind].generate_state(1)[0]) for several in children]

    return Streams(
        generators(0, torch.device("cpu")),
        generators(1, device),
        generators(2, device),
        generators(3, device),
        numbers(4),
        numbers(5),
    )


class Episode(NamedTuple):
    """One finished training episode."""

    step: int  # environment steps of the seed when it ended
    seed: int  # index on the seed axis
    total: float  # undiscounted return
    length: int


def map_state(function: Callable[..., Tensor], *states: Any) -> Any:
    """Apply a function to every tensor of equally built states (nested tuples of tensors)."""
    if isinstance(states[0], Tensor):
        return function(*states)
    parts = [map_state(function, *several) for several in zip(*states, strict=True)]
    kind = type(states[0])
    return kind(*parts) if hasattr(kind, "_fields") else kind(parts)


class Loop:
    """Train one agent per environment; call `step` until `steps` of them have been made.

    steps: how many will be made, which bounds the replay's memory.
    """

    def __init__(
        self,
        agent: Agent,
        data: Replay,
        environments: Sequence[Environment],
        streams: Streams,
        steps: int,
        device: torch.device,
    ) -> None:
        self.agent = agent
        self.data = data
        self.environments = list(environments)
        self.streams = streams
        self.device = device
        self.state: Any = map_state(lambda leaf: leaf.to(device), agent.init(streams.init))

        seeds, observation, action = len(environments), environments[0].observation, environments[0].action
        self.action = action
        columns = {"observation": observation, "action": action, "reward": 0, "next_observation": observation}
        columns |= {"terminated": 0, "truncated": 0} | dict.fromkeys(agent.columns, 0)
        self.replay = Ring(seeds, min(data.capacity, steps), columns, device)

        # What has happened so far, per seed that is still training.
        self.steps = 0  # environment steps
        self.updates = {phase.name: 0 for phase in agent.phases}  # minibatch updates of every phase
        self.samples = 0  # steps read from the replay by updates
        self.finished: list[Episode] = []

        self.living = seeds  # how many seeds are not frozen, as of the latest step
        self.alive = torch.ones(seeds, dtype=torch.bool, device=device)
        self.frozen_at = torch.full((seeds,), -1, device=device)
        self._metrics: dict[str, tuple[list[str], Tensor, int]] = {}  # phase -> names, sums [K, S], updates

        # What the environments say at a step, in one array so that it travels at once: the next observation, reward,
        # terminated, truncated, and the observation to act on next.
        self._heard = np.zeros((seeds, 2 * observation + 3), dtype=np.float32)
        for row, environment in zip(self._heard, environments, strict=True):
            row[observation + 3 :] = environment.reset()
        self.observation = torch.tensor(self._heard[:, observation + 3 :], device=device)
        self._totals = [0.0] * seeds
        self._lengths = [0] * seeds

    def step(self) -> None:
        """One environment step of every seed that is not frozen, and the updates that are due after it."""
        self.steps += 1
        taken = self._act()
        self._freeze(torch.isfinite(taken["action"]).all(-1))
        # The one transfer to the host: the actions, and which seeds go on.
        host = torch.cat([taken["action"], self.alive.unsqueeze(-1)], -1).cpu().numpy()
        self.living = int(host[:, -1].sum())
        for seed, environment in enumerate(self.environments):
            if host[seed, -1]:
                self._step_environment(seed, environment, host[seed, :-1])
        heard = torch.tensor(self._heard, device=self.device)
        sizes = [self.observation.shape[1], 1, 1, 1, self.observation.shape[1]]
        next_observation, reward, terminated, truncated, following = torch.split(heard, sizes, 1)
        self.replay.add(
            taken
            | {
                "observation": self.observation,
                "reward": reward.squeeze(1),
                "next_observation": next_observation,
                "terminated": terminated.squeeze(1),
                "truncated": truncated.squeeze(1),
            }
        )
        observed = self.agent.observe(self.state, self.observation.unsqueeze(1))
        if observed is not self.state:
            self.state = self._where(self.alive, observed)
        self.observation = following
        if self._due():
            self._update()

    def frozen(self) -> dict[int, int]:
        """The seeds (by index) that became non-finite, with the environment step at which they did."""
        return {seed: step for seed, step in enumerate(self.frozen_at.tolist()) if step >= 0}

    def take_episodes(self) -> list[Episode]:
        """The training episodes that finished since the last call."""
        finished, self.finished = self.finished, []
        return finished

    def take_metrics(self) -> dict[str, dict[str, list[float]]]:
        """Per phase and metric the mean since the last call, per seed; NaN for a frozen seed."""
        taken = {}
        for phase, (names, sums, count) in self._metrics.items():
            means = torch.where(self.alive, sums / count, torch.nan).tolist()
            taken[phase] = dict(zip(names, means, strict=True))
        self._metrics = {}
        return taken

    def _due(self) -> bool:
        """The phases first run once the warm-up's last step is stored, then every `steps_per_update` steps."""
        since = self.steps - self.data.warmup
        return since >= 0 and since % self.data.steps_per_update == 0 and self.replay.size >= self.data.sequence

    @torch.no_grad()
    def _act(self) -> dict[str, Tensor]:
        random = self.data.random_warmup and self.steps <= self.data.warmup
        draw = torch.rand if random else torch.randn
        noise = torch.stack([draw(self.action, generator=g, device=self.device) for g in self.streams.acting])
        if random:
            return self.agent.act_random(noise)
        return self.agent.act(self.state, self.observation, noise)

    def _step_environment(self, seed: int, environment: Environment, action: Any) -> None:
        observation, reward, terminated, truncated = environment.step(action)
        size = environment.observation
        row = self._heard[seed]
        row[:size] = observation
        row[size : size + 3] = reward, terminated, truncated
        self._totals[seed] += reward
        self._lengths[seed] += 1
        if terminated or truncated:
            self.finished.append(Episode(self.steps, seed, self._totals[seed], self._lengths[seed]))
            self._totals[seed], self._lengths[seed] = 0.0, 0
            observation = environment.reset()
        row[size + 3 :] = observation

    def _update(self) -> None:
        episodes = self.replay.episodes() if self.data.episodes else None
        for phase in self.agent.phases:
            for batch in self._batches(phase, episodes):
                noise = phase.noise(self.streams.noise, self.device)
                state, metrics = phase.update(self.state, batch, noise)
                values = torch.stack(list(metrics.values()))
                finite = torch.isfinite(values).all(0)
                self._freeze(finite)
                self.state = self._where(self.alive, state)
                self.updates[phase.name] += 1
                self.samples += self.data.batch * self.data.sequence
                _, sums, count = self._metrics.get(phase.name, ([], torch.zeros_like(values), 0))
                self._metrics[phase.name] = list(metrics), sums + values, count + 1

    def _batches(self, phase: Phase, episodes: Episodes | None) -> Iterator[Any]:
        names: tuple[str, ...] = phase.batch._fields  # type: ignore[attr-defined]
        data = self.data
        if episodes is None:
            for _ in range(phase.updates):
                sampled = self.replay.sample(names, data.batch, self.streams.sampling, data.sequence)
                yield phase.batch(**sampled)
            return
        columns: Mapping[str, Tensor] = episodes._asdict()
        if phase.refresh is not None:
            columns = {**columns, **phase.refresh(self.state, episodes, self.streams.noise)}
        for index in passes(episodes.valid, data.batch, phase.updates, self.streams.sampling):
            yield phase.batch(**{name: gather(columns[name], index) for name in names})

    def _freeze(self, finite: Tensor) -> None:
        """Mark seeds that stopped being finite; all on the device."""
        self.frozen_at = torch.where(self.alive & ~finite, self.steps, self.frozen_at)
        self.alive = self.alive & finite

    def _where(self, alive: Tensor, state: Any) -> Any:
        """The new state where a seed is alive, the present one where it is not."""
        if self.device.type == "cpu" and bool(alive.all()):
            return state  # looking costs nothing here, and saves a copy of every tensor

        def choose(new: Tensor, old: Tensor) -> Tensor:
            return torch.where(alive.view(-1, *[1] * (new.dim() - 1)), new, old)

        return map_state(choose, state, self.state)
