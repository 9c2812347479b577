"""The updates of a short training run, kept to be made again in another way on the same data and noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from smaller import smaller
from tiny import Drift, Hops, build, leaves, loop_of, row_of

from taxon.operators.data import Phase
from taxon.operators.observations import Array
from taxon.runtime.device.graph import compiled
from taxon.runtime.loop.loop import map_state

# Sizes at which an update takes milliseconds, set where a row has the path.
FEWER = {
    "network.hidden": "[8, 6]",
    "network.policy.hidden": "[8, 6]",
    "network.value.hidden": "[8, 6]",
    "data.batch": 6,
    "data.capacity": 60,
    "data.warmup": 20,
    "data.environments": 4,
    "data.steps": 5,
    "data.policy_epochs": 1,
    "data.value_epochs": 1,
    "data.steps_per_update": 5,
    "data.updates": 2,
    "data.episodes.value_updates": 2,
    "data.episodes.policy_updates": 2,
    "data.restarts.group": 2,
}


class Call(NamedTuple):
    """One update as it was made."""

    key: str  # of the function: the phase's name, with `/between` for the update in between
    before: Any
    batch: Any
    noise: Any
    after: Any
    metrics: dict[str, torch.Tensor]

    def of_seed(self, index: int) -> Call:
        """The same for one of the seeds alone."""
        parts = self.before, self.batch, self.noise, self.after
        before, batch, noise, after = (map_state(lambda leaf: leaf[index : index + 1], part) for part in parts)
        return Call(self.key, before, batch, noise, after, self.metrics)


class Recorded(NamedTuple):
    functions: dict[str, Callable[..., Any]]  # by the calls' keys
    calls: list[Call]


def record(
    spec: str, actions: str | None, folder: Path, updates: int, seeds: int = 2, sizes: Mapping[str, Any] = FEWER
) -> Recorded:
    """So many updates in all, as eager execution makes them in a small environment."""
    row = row_of(spec, actions=actions)
    built = build(row_of(spec, *smaller(row, sizes), actions=actions), folder)
    agent = built.Agent(Array((3,)), (Hops if built.Agent.discrete else Drift).action)
    functions: dict[str, Callable[..., Any]] = {}
    calls: list[Call] = []

    def noted(key: str, function: Callable[..., Any]) -> Callable[..., Any]:
        functions[key] = function

        def call(state: Any, batch: Any, noise: Any) -> Any:
            after, metrics = function(state, batch, noise)
            calls.append(Call(key, state, batch, noise, after, metrics))
            return after, metrics

        return call

    def watched(phase: Phase) -> Phase:
        between = phase.between and noted(f"{phase.name}/between", phase.between)
        return phase._replace(update=noted(phase.name, phase.update), between=between)

    agent.phases = tuple(watched(phase) for phase in agent.phases)
    loop = loop_of(built, range(seeds), 10_000, agent)
    while len(calls) < updates:
        loop.step()
    assert loop.frozen() == {}
    return Recorded(functions, calls[:updates])


def replayed(recorded: Recorded, functions: dict[str, Callable[..., Any]], convert: Callable[..., Any]) -> list[Any]:
    """Make the same updates with other functions, each from what the one before left: the states after each.

    What changed the state between two updates in the run (acting, observing) changes it here too. `convert` is applied
    to every tensor that goes in.
    """
    states: list[Any] = []
    for before, call in zip([None, *recorded.calls], recorded.calls, strict=False):
        if before is None:
            state = map_state(convert, call.before)
        else:
            state = map_state(
                lambda own, was, now: own if torch.equal(was, now) else convert(now),
                states[-1],
                before.after,
                call.before,
            )
        batch, noise = map_state(convert, call.batch), map_state(convert, call.noise)
        state, metrics = functions[call.key](state, batch, noise)
        assert metrics.keys() == call.metrics.keys()
        states.append(state)
    return states


def lazily(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled for the arguments of its first call."""
    made: list[Callable[..., Any]] = []

    def call(*arguments: Any) -> Any:
        if made:
            return made[0](*arguments)
        graph, given = compiled(function, *arguments)
        made.append(graph)
        return given

    return call


def furthest(some: list[Any], others: list[Any]) -> float:
    """The largest |a - b| / (1 + |b|) over equally built states."""
    pairs = [
        (a.double(), b.double())
        for one, other in zip(some, others, strict=True)
        for a, b in zip(leaves(one), leaves(other), strict=True)
        if a.numel()
    ]
    return max(float(((a - b).abs() / (1 + b.abs())).max()) for a, b in pairs)
