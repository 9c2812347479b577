"""A dry step: a module acts and updates in a made-up environment before a run begins, and is held to its contract.

The loop is the one that trains. Its data are the module's own but for a short warm-up, and each phase updates as often
as it takes to have its policy due once.

S seeds, N environments of a seed, O observation, A action.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from taxon.operators.data import Episodes, Phase, Replay, Rollouts
from taxon.operators.noise import uniform
from taxon.operators.observations import flat_size
from taxon.runtime.agent import map_state
from taxon.runtime.edited import tensors
from taxon.runtime.edited.contract import Module, built, check_names
from taxon.runtime.edited.made_up import made_up
from taxon.runtime.environments.environment import Environment
from taxon.runtime.experience.replay import SMALL
from taxon.runtime.loop.learning import MOST_NUMBERS
from taxon.runtime.loop.loop import Agent, Loop, streams

SEEDS = (0, 1)
STORED = 40  # steps of an environment, beside a window's, before the first update
ROUNDS = 8  # of updates at most, in which every phase must have had its turn
APART = 1e-2  # of a tensor's size, by which a seed alone may differ from the same seed beside another
TAKEN = ("kind", "step", "seed", "phase")  # words of a line of metrics
ANSWERS = ("observation", "action", "reward", "next_observation", "terminated", "truncated")


def check_module(file: str, path: Path, namespace: ModuleType, like: Environment, device: torch.device) -> None:
    """Raise UserError where a module does not hold to what a run needs of it, or whatever the module raises.

    path: under which it was executed. like: shows and takes what the run's environments do.
    """
    module = Module(file, path, namespace)
    check_names(module)
    if namespace.Agent.discrete != like.discrete:
        return  # the run says which environments suit it
    trial = _Trial(module, built(module, like.layout, like.action), namespace.DATA, like, device)
    drawn = _global_draws(device)
    trial.call()
    together = trial.learn(SEEDS)
    alone = trial.learn(SEEDS[:1])
    if together is not None and alone is not None:
        _check_seeds(module, alone, together)
    if not all(map(torch.equal, drawn, _global_draws(device))):
        help = "draw in act_noise and in the noise of a phase, from the generators given there"
        module.wrong("the module draws from torch's own generator, so that no run of it can be repeated", help=help)


@dataclass(frozen=True)
class _Trial:
    module: Module
    agent: Agent
    data: Replay | Rollouts
    like: Environment
    device: torch.device

    def call(self) -> None:
        """Each of the agent's functions once, with what it gives looked at."""
        agent, wrong, data = self.agent, self.module.wrong, self.data
        seeds, several, actions = len(SEEDS), data.environments, self.like.action
        numbers = streams(SEEDS, self.device, several)
        fresh = agent.init(numbers.init)
        self._holds(tensors.fault(fresh, (seeds,), "[S]", "State"), agent.init)
        if path := tensors.infinite(fresh, "State"):
            wrong(f"Agent.init gives {path}, which is not finite", agent.init)
        state = map_state(lambda leaf: leaf.to(self.device), fresh)
        memory = agent.memory(seeds, several, self.device)
        self._holds(tensors.fault(memory, (seeds, several), "[S, N]", "Memory"), agent.memory)
        observation = torch.randn(
            seeds, several, flat_size(self.like.layout), generator=torch.Generator().manual_seed(0)
        ).to(self.device)
        seen = agent.observe(state, observation)
        self._holds(tensors.difference(seen, state, "State"), agent.observe)
        noise = agent.act_noise(numbers.acting, several, self.device)
        self._holds(tensors.fault(noise, (seeds, several), "[S, N]", "the noise"), agent.act_noise)
        with torch.no_grad():
            self._acted(agent.act, agent.act(state, memory, observation, noise), memory)
            after, action = self._two(agent.act_mean, agent.act_mean(state, memory, observation))
            self._holds(tensors.difference(after, memory, "Memory"), agent.act_mean)
            self._action(agent.act_mean, action)
            drawn = uniform(numbers.acting, several, actions, device=self.device)
            self._taken(agent.act_random, agent.act_random(drawn))

    def learn(self, seeds: tuple[int, ...]) -> Any:
        """The state after every phase had its turn; None where no update came, or a seed was no longer finite."""
        data = _brief(self.data)
        numbers = streams(seeds, self.device, data.environments)
        worlds = [made_up(self.like.layout, self.like.action, self.like.discrete, n) for n in numbers.environment]
        most = ROUNDS * data.first
        produced: set[str] = set()
        phases = [self._watched(phase, produced) for phase in self.agent.phases]
        stored_as = SMALL.get(self.like.dtype.name, torch.float32)
        loop = Loop(self.agent, data, worlds, numbers, most, self.device, phases, dtype=stored_as)
        while any(loop.updates[phase.name] < phase.updates for phase in phases) and loop.steps < most:
            loop.step()
        # Made-up rewards may have no logarithm, say: a run tells what is not finite in its own data.
        return loop.state if all(loop.updates.values()) and loop.living == len(seeds) else None

    def _watched(self, phase: Phase, produced: set[str]) -> Phase:
        """A phase whose functions are looked at, and which updates until its policy is due."""
        known = {*ANSWERS, *Episodes._fields, *self.agent.columns}

        def check_columns() -> None:
            missing = sorted({*phase.batch._fields} - known - produced)  # type: ignore[attr-defined]
            if missing:
                message = f"the batch of the phase {phase.name} has {missing[0]}, which is no column of the data"
                self.module.wrong(message, help=f"there are {', '.join(sorted(known | produced))}")

        def refresh(state: Any, episodes: Any, generators: Any) -> Any:
            assert phase.refresh is not None
            columns = phase.refresh(state, episodes, generators)
            about = phase.refresh
            if not isinstance(columns, Mapping):
                self.module.wrong(f"refresh of the phase {phase.name} must return a dictionary of columns", about)
            for name, column in columns.items():
                lead = tuple(episodes.reward.shape)
                self._holds(tensors.fault(column, lead, "[S, n]", f"the column {name}"), about)
            produced.update(columns)
            check_columns()
            return columns

        def looked_at(update: Callable[..., Any]) -> Callable[..., Any]:
            def watched(state: Any, batch: Any, noise: Any) -> Any:
                before = map_state(torch.clone, state)
                given = update(state, batch, noise)
                new, metrics = self._two(update, given)
                self._holds(tensors.difference(new, before, "State"), update)
                if not all(map(torch.equal, _tensors(state), _tensors(before))):
                    help = "return a new state with state._replace(...), of new tensors"
                    self.module.wrong("an update changes the state that it is given, in place", update, help)
                self._metrics(update, metrics, len(_tensors(new)[0]))
                return new, metrics

            return watched

        if phase.refresh is None and all(each.refresh is None for each in self.agent.phases):
            check_columns()
        return phase._replace(
            updates=1 if phase.between is None else phase.every,
            refresh=None if phase.refresh is None else refresh,
            update=looked_at(phase.update),
            between=None if phase.between is None else looked_at(phase.between),
        )

    def _acted(self, function: Any, given: Any, memory: Any) -> None:
        after, taken = self._two(function, given)
        self._holds(tensors.difference(after, memory, "Memory"), function)
        self._taken(function, taken)

    def _taken(self, function: Any, taken: Any) -> None:
        """An action with the columns that are stored beside it."""
        wanted = {"action": (self.like.action,), **self.agent.columns}
        if not isinstance(taken, Mapping) or taken.keys() != wanted.keys():
            found = sorted(map(str, taken)) if isinstance(taken, Mapping) else type(taken).__name__
            named = ", ".join(wanted)
            self.module.wrong(f"what is acted must be a dictionary of {named}, and is {found}", function)
        for name, size in wanted.items():
            self._action(function, taken[name], name, size)

    def _action(self, function: Any, action: Any, name: str = "action", size: tuple[int, ...] | None = None) -> None:
        size = (self.like.action,) if size is None else size
        lead = (len(SEEDS), self.data.environments, *size)
        self._holds(tensors.fault(action, lead, "[S, N, ...]", name), function)
        if action.shape != lead or action.dtype != torch.float32:
            found = f"{action.dtype} and the shape {tensors.shape(action)}"
            self.module.wrong(f"{name} is of {found}, and must be of torch.float32 and {[*lead]}", function)
        if tensors.infinite(action, name):
            self.module.wrong(f"{name} is not finite at first", function)

    def _metrics(self, function: Any, metrics: Any, seeds: int) -> None:
        if not isinstance(metrics, Mapping) or not metrics:
            self.module.wrong("an update returns a state and a dictionary of one metric or more", function)
        if len(metrics) > MOST_NUMBERS:
            self.module.wrong(f"an update has {len(metrics)} metrics, more than {MOST_NUMBERS}", function)
        for name, value in metrics.items():
            if not isinstance(name, str) or name in TAKEN:
                self.module.wrong(f"a metric is called {name!r}, which is no name for one", function)
            self._holds(tensors.fault(value, (seeds,), "[S]", f"the metric {name}"), function)
            if value.dim() != 1:
                found = tensors.shape(value)
                self.module.wrong(f"the metric {name} has the shape {found}, and must be one number a seed", function)

    def _two(self, function: Any, given: Any) -> tuple[Any, Any]:
        if not isinstance(given, tuple) or len(given) != 2:
            kind = type(given).__name__
            self.module.wrong(f"{function.__name__} must return two things, and gives one of the type {kind}", function)
        return given[0], given[1]

    def _holds(self, fault: str | None, function: Any) -> None:
        if fault is not None:
            self.module.wrong(fault, function)


def _brief(data: Replay | Rollouts) -> Replay | Rollouts:
    """The same with a short warm-up, where updates do not wait for a round to be full."""
    if not isinstance(data, Replay):
        return data
    warmup = min(data.warmup, (data.sequence + STORED) * data.environments)
    return data._replace(warmup=warmup, steps_per_update=min(data.steps_per_update, data.environments))


def _check_seeds(module: Module, alone: Any, together: Any) -> None:
    """Raise UserError where a seed alone learns otherwise than beside another."""
    for (path, one), (_, both) in zip(tensors.parts(alone, "State"), tensors.parts(together, "State"), strict=True):
        one, both = one[0].double(), both[0].double()
        apart, size = float((one - both).norm()), float(both.norm())
        if apart > APART * max(size, 1e-12):
            help = "sum a loss over the seeds, and average within each: no mean, norm or maximum over the first axis"
            message = f"seeds are mixed: {path} of a seed after the first updates depends on the seeds beside it"
            module.wrong(message, help=help)


def _tensors(state: Any) -> list[Tensor]:
    return [leaf for _, leaf in tensors.parts(state, "State")]


def _global_draws(device: torch.device) -> list[Tensor]:
    """The state of torch's own generators."""
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])]
