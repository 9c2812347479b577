"""On a CPU compiled updates are made in place, each seed's by itself where there are threads: the same numbers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from recorded import FEWER, Call, furthest, record
from tiny import build, leaves, row_of

from taxon.operators.observations import Array
from taxon.runtime.device.graph import compiled
from taxon.runtime.device.in_place import InPlace
from taxon.runtime.device.seed_threads import SeedThreads, acts_alone, choose_threads
from taxon.runtime.loop.learning import Carry, learn
from taxon.runtime.loop.loop import map_state

UPDATES, SEEDS = 6, 3


@pytest.fixture(autouse=True)
def several() -> Any:
    """More threads than one, as a run on a machine of several cores has them; and nothing compiled before."""
    torch.compiler.reset()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def carry_of(state: Any) -> Carry:
    seeds = len(leaves(state)[0])
    return Carry(
        state, (), torch.ones(seeds, dtype=torch.bool), torch.full((seeds,), -1), torch.zeros(seeds, dtype=torch.int64)
    )


def made(functions: dict[str, Any], calls: list[Call], threads: int) -> tuple[list[Any], list[torch.Tensor], Carry]:
    """The states after each call, the metrics, and the last carry; each update from what the one before left."""
    with SeedThreads(InPlace()) as shared:
        shared.begin(threads)
        graphs: dict[str, Any] = {}
        carry, states, metrics = carry_of(calls[0].before), [], []
        for number, call in enumerate(calls):
            if number:
                # What changed the state between two updates of the run changes it here, too.
                was, now = calls[number - 1].after, call.before
                state = map_state(lambda own, a, b: own if torch.equal(a, b) else b, carry.state, was, now)
                carry = carry._replace(state=state)
            arguments = carry, torch.tensor(7 * number), call.batch, call.noise
            if call.key in graphs:
                carry, names, values = graphs[call.key](*arguments)
            else:
                update = partial(learn, functions[call.key])
                graphs[call.key], (carry, names, values) = shared.compiled(compiled, update, *arguments)
            assert names == tuple(call.metrics)
            states.append(map_state(torch.clone, carry.state))
            metrics.append(values)
    return states, metrics, carry


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("spec", "actions"), [("td3", "continuous"), ("ppo", "discrete")])
def test_it_is_the_update_of_all_seeds(spec: str, actions: str, threads: int, tmp_path: Path) -> None:
    """With a delayed policy and with several phases: functions that share one state."""
    functions, calls = record(spec, actions, tmp_path, UPDATES, seeds=SEEDS)
    states, metrics, carry = made(functions, calls, threads)
    assert len({call.key for call in calls}) > 1
    assert furthest(states, [call.after for call in calls]) <= 1e-5
    for call, values in zip(calls, metrics, strict=True):
        eager = torch.stack([*call.metrics.values(), torch.ones(SEEDS)])
        torch.testing.assert_close(values, eager, rtol=1e-4, atol=1e-5)
    assert carry.alive.all()
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(("hidden", "batch"), [("[8, 6]", 6), ("[33, 65]", 13), ("[33, 65]", 1)])
def test_a_seed_depends_on_no_other_and_not_on_the_threads(hidden: str, batch: int, tmp_path: Path) -> None:
    """Also where a seed's rows begin where no vector does."""
    sizes = FEWER | {"network.hidden": hidden, "data.batch": batch}
    functions, calls = record("sac", "continuous", tmp_path, UPDATES, SEEDS, sizes)
    states, metrics, _ = made(functions, calls, 2)
    alone, own, _ = made(functions, [call.of_seed(1) for call in calls], 3)
    for state, other in zip(states, alone, strict=True):
        for leaf, same in zip(leaves(state), leaves(other), strict=True):
            assert torch.equal(leaf[1:2], same)
    assert all(torch.equal(values[:, 1:2], same) for values, same in zip(metrics, own, strict=True))


def test_a_seed_that_is_not_finite_is_frozen_alone(tmp_path: Path) -> None:
    functions, calls = record("sac", "continuous", tmp_path, UPDATES, seeds=SEEDS)
    # A graph is for one layout, and a column that is written anew lies otherwise than one of stored rows.
    calls = [call._replace(batch=map_state(torch.clone, call.batch)) for call in calls]
    spoilt = calls[3].batch.reward.clone()
    spoilt[1] = torch.nan
    harmed = [*calls[:3], calls[3]._replace(batch=calls[3].batch._replace(reward=spoilt)), *calls[4:]]
    states, metrics, carry = made(functions, harmed, 2)
    whole, _, _ = made(functions, calls, 2)
    assert carry.alive.tolist() == [True, False, True]
    assert carry.frozen_at.tolist() == [-1, 21, -1]
    for leaf, same, before in zip(*map(leaves, (states[-1], whole[-1], states[2])), strict=True):
        assert torch.equal(leaf[[0, 2]], same[[0, 2]])
        assert torch.equal(leaf[1], before[1])
    assert metrics[3][:, 1].isnan().any()


def test_what_is_not_compiled_takes_all_cores() -> None:
    """All else takes one: threads that wait for a product in a busy loop would keep the cores of the seeds."""
    with SeedThreads(InPlace()) as shared:
        threads = shared.on_all_cores(torch.get_num_threads)
        assert (threads(), torch.get_num_threads()) == (2, 2)
        shared.begin(3)
        assert (threads(), torch.get_num_threads()) == (2, 1)
    assert torch.get_num_threads() == 2


def test_rollouts_take_one_core_and_updates_all() -> None:
    seen: list[int] = []

    def compiled(function: Any, *arguments: Any) -> Any:
        def graph(*given: Any) -> Any:
            seen.append(torch.get_num_threads())
            return function(*given)

        return graph, graph(*arguments)

    def update(carry: Carry, clock: torch.Tensor, batch: Any, noise: Any) -> Any:
        return carry, ("loss",), torch.zeros(1, SEEDS)

    carry = carry_of((torch.zeros(SEEDS, 4),))
    with SeedThreads(InPlace()) as shared:
        shared.begin(1, alone=True)
        assert (shared.on_all_cores(torch.get_num_threads)(), torch.get_num_threads()) == (2, 1)
        graph, _ = shared.compiled(compiled, update, carry, torch.tensor(0), (), ())
        graph(carry, torch.tensor(1), (), ())
        assert torch.get_num_threads() == 1
    assert (seen, torch.get_num_threads()) == ([2, 2], 2)


@pytest.mark.parametrize(("spec", "long"), [("sac", True), ("td3", True), ("mpo", True), ("ppo", False)])
def test_seeds_have_threads_where_an_update_is_long(spec: str, long: bool, tmp_path: Path) -> None:
    built = build(row_of(spec), tmp_path)
    agent = built.Agent(Array((17,)), 6)
    assert choose_threads(agent, built.DATA.batch, 5) == (2 if long else 1)
    assert choose_threads(agent, built.DATA.batch, 1) == 1
    torch.set_num_threads(8)
    assert choose_threads(agent, built.DATA.batch, 5) == (5 if long else 1)


def test_rollouts_take_one_core_where_acting_is_short(tmp_path: Path) -> None:
    agent = build(row_of("ppo"), tmp_path).Agent(Array((17,)), 6)
    assert acts_alone(agent, 1)
    assert acts_alone(agent, 16)
    assert not acts_alone(agent, 1_000)


def test_the_first_state_is_left_as_it_was(tmp_path: Path) -> None:
    """A round that is undone goes back to a copy, and an agent's first state may hold one tensor twice."""
    functions, calls = record("sac", "continuous", tmp_path, 1, seeds=SEEDS)
    before = map_state(torch.clone, calls[0].before)
    made(functions, calls, 2)
    assert all(torch.equal(a, b) for a, b in zip(leaves(calls[0].before), leaves(before), strict=True))
