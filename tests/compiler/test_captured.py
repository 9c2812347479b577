"""Recorded units, repeated, give the numbers of units that are called (a spec of every kind; each with `-m slow`),
and so do updates that are asked for while the environments step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from recorded import FEWER
from sampling import sampled
from smaller import smaller
from tape import AskedError, Tape
from tiny import Drift, Hops, build, leaves, row_of, with_leaf

from taxon.operators import relative_entropy
from taxon.operators.data import Replay
from taxon.runtime.device.captured import Captured, CudaGraphs
from taxon.runtime.device.in_place import InPlace
from taxon.runtime.device.units import Direct
from taxon.runtime.loop import learning
from taxon.runtime.loop.loop import Loop, streams
from taxon.semantics.loading import shipped_names

CPU = torch.device("cpu")
SPECS = [(name, "continuous") for name in sorted(shipped_names()) if name != "architectures"]
SPECS += [(name, "discrete") for name in ("mpo", "mpo_onestep", "ppo", "ppo_clip", "reps", "trpo", "urex", "vmpo")]
REMEMBERING = {"ddpg": ["exploration = ornstein_uhlenbeck"]}  # acting that keeps a memory
STEPS = 130


def row(spec: str, actions: str, **data: int) -> Any:
    """A row small enough to be trained in a moment; `data` sets paths of its data."""
    whole = row_of(spec, actions=actions)
    fewer = FEWER | {f"data.{name}": value for name, value in data.items()}
    several = [f"data.environments = {data['environments']}"] if "environments" in data else []
    several += REMEMBERING.get(spec, [])
    return row_of(spec, *smaller(whole, fewer), *several, actions=actions)


def loop_with(built: Any, units: Any, overlap: bool = False, device: torch.device = CPU) -> Loop:
    sources = streams([3, 4], device, built.DATA.environments)
    world = Hops if built.Agent.discrete else Drift
    places = [world(seed) for seed in sources.environment]
    agent = built.Agent(world.layout, world.action)
    return Loop(agent, built.DATA, places, sources, STEPS, device, units=units, overlap=overlap)


def use(loop: Loop, units: Captured) -> None:
    """Let a new loop's units be recorded."""
    loop.units = units
    if not (isinstance(loop.data, Replay) and loop.data.episodes):
        loop._learns = units


def trained(loop: Loop, steps: int = STEPS) -> Loop:
    while loop.steps < steps:
        loop.step()
    return loop


def everything(loop: Loop) -> list[torch.Tensor]:
    """All that training has changed on the device."""
    kept = loop.source.rows[..., : loop.source.size, :]
    generators = [*loop.streams.acting, *loop.streams.sampling, *loop.streams.noise]
    states = [generator.get_state() for generator in generators]
    return [*leaves(loop.carry), kept, *loop.means.sums().values(), *states]


def assert_same(ours: Loop, theirs: Loop) -> None:
    assert (ours.updates, ours.samples, ours.steps) == (theirs.updates, theirs.samples, theirs.steps)
    for one, other in zip(everything(ours), everything(theirs), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, where nothing is looked at."""
    monkeypatch.setattr(learning, "_may_look", lambda tensor: False)


def kind(case: tuple[str, str]) -> tuple[object, ...]:
    """What of a row decides which units a loop has and what they draw."""
    spec, actions = case
    found = row_of(spec, actions=actions)
    updates = [found[path] for path in ("data", "pi_q", "pi_q.update", "pi_p.update")]
    return actions, *updates, found.base("target"), spec in REMEMBERING


@pytest.mark.parametrize(("spec", "actions"), sampled(SPECS, kind))
def test_recorded_units_give_the_same_numbers(
    spec: str, actions: str, tmp_path: Path, blind: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relative_entropy, "ITERATIONS", 3)  # each takes the tape long, and they are alike
    built = build(row(spec, actions), tmp_path)
    plain = trained(loop_with(built, Direct(CPU)))
    said: list[str] = []
    captured = loop_with(built, None)
    tape = Tape([*captured.streams.acting, *captured.streams.sampling, *captured.streams.noise])
    monkeypatch.setattr(Captured, "most", 3)  # so that a round has several units, and one that is shorter
    use(captured, Captured(tape, CPU, InPlace(), said.append))
    captured.overlap = True
    assert_same(trained(captured), plain)
    assert min(plain.updates.values()) > 0
    assert said == []
    assert tape.recorded >= 1
    assert tape.replays > 10


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("spec", ["sac", "mpo", "awr"])
def test_a_replay_of_several_environments_gives_the_same_numbers_recorded(
    spec: str, overlap: bool, tmp_path: Path, blind: None
) -> None:
    built = build(row(spec, "continuous", environments=3, warmup=30, steps_per_update=4), tmp_path)
    plain, captured = trained(loop_with(built, Direct(CPU))), loop_with(built, None)
    tape = Tape([*captured.streams.acting, *captured.streams.sampling, *captured.streams.noise])
    use(captured, Captured(tape, CPU, InPlace(), print))
    captured.overlap = overlap
    assert_same(trained(captured), plain)
    rounds = 1 + (plain.steps - 30) // 4
    assert {count % rounds for count in plain.updates.values()} == {0}
    assert plain.source.episodes().reward.shape[1] == 3 * min(20, plain.steps // 3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("spec", "actions"), SPECS)
def test_cuda_graphs_give_the_same_numbers(
    spec: str, actions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build(row(spec, actions), tmp_path)
    device = torch.device("cuda")
    # A GPU's generator gives other numbers to one draw for several updates than to several draws.
    monkeypatch.setattr(Captured, "most", 1)
    loops = [loop_with(built, None, True, device) for _ in range(2)]
    own = loops[1].streams
    graphs = CudaGraphs([*own.acting, *own.sampling, *own.noise])
    use(loops[1], Captured(graphs, device, InPlace(), lambda said: None))
    assert_same(*(trained(loop) for loop in loops))


def test_the_metrics_of_recorded_units_are_read_and_begin_anew(tmp_path: Path, blind: None) -> None:
    built = build(row("td3", "continuous"), tmp_path)
    plain, captured = (loop_with(built, Direct(CPU)) for _ in range(2))
    tape = Tape([*captured.streams.acting, *captured.streams.sampling, *captured.streams.noise])
    use(captured, Captured(tape, CPU, InPlace(), print))
    for steps in (90, 110, STEPS):
        assert trained(captured, steps).take_metrics() == trained(plain, steps).take_metrics()


def test_a_seed_that_a_recorded_unit_finds_broken_stays_as_it_was(tmp_path: Path, blind: None) -> None:
    """The second seed's critic becomes infinite between two replays; the first goes on as if alone."""
    built = build(row("sac", "continuous"), tmp_path)
    plain, captured = (loop_with(built, Direct(CPU)) for _ in range(2))
    tape = Tape([*captured.streams.acting, *captured.streams.sampling, *captured.streams.noise])
    use(captured, Captured(tape, CPU, InPlace(), print))
    for loop in (plain, captured):
        trained(loop, 90)
        critic = loop.state.critic.params.clone()
        critic[1] = torch.inf
        state = with_leaf(loop.state, "critic", critic)
        loop.carry = loop.carry._replace(state=state)
        trained(loop)
    assert captured.frozen() == plain.frozen() == {1: 95}
    assert_same(captured, plain)


def test_what_waits_for_numbers_is_never_recorded(tmp_path: Path, blind: None) -> None:
    units = Captured(tape := Tape([]), CPU, InPlace(), (said := []).append)
    total = torch.zeros(())

    def unit(carry: torch.Tensor) -> tuple[torch.Tensor, None]:
        total.add_(carry.sum().item())
        return carry + 1, None

    carry = torch.zeros(2)
    for _ in range(5):
        carry, _ = units(("odd", 1), unit, carry)
    assert (carry.tolist(), total.item()) == ([5, 5], 20)
    assert tape.recorded == 0
    assert said == ["the unit odd is no CUDA graph: it waits for numbers of the GPU on its way"]
    with pytest.raises(AskedError):
        tape.record(lambda: unit(carry))


@pytest.mark.parametrize("spec", ["sac", "td3", "mpo", "awac"])
@pytest.mark.parametrize("capacity", [25, 1000])
def test_updates_beside_the_environments_give_the_same_numbers(spec: str, capacity: int, tmp_path: Path) -> None:
    """Whether or not a round draws the step that is being made: of a few stored ones it often does."""
    built = build(row(spec, "continuous", capacity=capacity), tmp_path)
    plain, beside = (trained(loop_with(built, Direct(CPU), overlap)) for overlap in (False, True))
    assert_same(beside, plain)


def test_only_a_round_that_drew_the_newest_step_waits_for_it(tmp_path: Path) -> None:
    built = build(row("sac", "continuous", steps_per_update=1, updates=1), tmp_path)
    loop = loop_with(built, Direct(CPU), True)
    order: list[str] = []
    vector = loop.collector.vector

    def noted(name: str, function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            order.append(name)
            return function(*arguments)

        return call

    for owner, method in ((vector, "start"), (vector, "finish"), (loop.source, "add"), (loop, "_round")):
        setattr(owner, method, noted(method, getattr(owner, method)))
    trained(loop, 60)
    turns = " ".join(order).split("start")[1:]
    early, late, none = (
        turns.count(f" {turn} ") + turns.count(f" {turn}")
        for turn in ("_round finish add", "finish add _round", "finish add")
    )
    assert min(early, late, none) > 0
    assert early + late + none == len(turns) == 60
    assert early + late == loop.updates["update"]
