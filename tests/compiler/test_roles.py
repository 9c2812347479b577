"""A prior, an encoder, an inner loop of inference and a recurrent core: each a block and a role more.

The prior is `pi_p = default`. The sketches register choices for the time of a test; the row that has one compiles,
trains in the loop, and holds the fields that its role asks for.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch
from sketches import core, encoder, inference
from tiny import CPU, SMALL, Drift, build, leaf_of, lint, loop_of, row_of, same

from taxon.compiler import emit, standalone
from taxon.compiler.assemble import assemble
from taxon.compiler.block import ContractError
from taxon.compiler.blocks.network import Input, base
from taxon.compiler.blocks.roles import enlist
from taxon.compiler.choices import MEANINGS, Choices
from taxon.compiler.roles import Role
from taxon.derivation.derive import derive
from taxon.operators.observations import Array, Observation
from taxon.runtime.agent import map_state
from taxon.runtime.loop.evaluation import Starts, evaluate
from taxon.runtime.loop.loop import Loop
from taxon.taxonomy.schema import Choice, Composition, Row, Value

SKETCHES = {"encoder": encoder, "inference": inference, "core": core}
LAYOUT: Observation = {"image": Array((2, 1, 1), "uint8"), "speed": Array((1,))}  # of three numbers, as Drift's
# Rows with each of them, and what the state keeps of the role.
CASES = [
    ("sac", "prior", "Trained"),
    ("sac", "encoder", "Lagged"),
    ("td3", "encoder", "Lagged"),
    ("mpo", "encoder", "Lagged"),
    ("ppo", "encoder", "Trained"),
    ("sac", "inference", "Trained"),
    ("mpo", "core", "Lagged"),
    ("sac", "core", "Lagged"),
    ("ppo", "core", "Trained"),
]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for sketch in SKETCHES.values():
        monkeypatch.setitem(MEANINGS[sketch.PATH], sketch.KEY, sketch.MEANING)


def plain(spec: str) -> Row:
    return row_of(spec, *SETS.get(spec, SMALL), actions="continuous")


def sketched(spec: str, name: str, **below: Value) -> Row:
    """A small row with a sketch's choice in the place of its own, whose parameters leave with it; `below`: those of
    the sketch, with what stands below them."""
    if name == "prior":
        return row_of(spec, *SMALL, "pi_p = default(hide = [1])", "pi_p.update = sg", "eta = 0.3", unsets=UNUSED)
    sketch, row = SKETCHES[name], plain(spec)
    leaf, parameters = row.leaves[sketch.PATH], getattr(sketch, "PARAMETERS", ())
    choice = Choice(sketch.KEY, "a sketch", parameters, capabilities=getattr(sketch, "CAPABILITIES", frozenset()))
    slot = replace(leaf.slot, choices=(*leaf.slot.choices, choice))
    kept = {path: each for path, each in row.leaves.items() if not path.startswith(GONE[name])}
    kept[sketch.PATH] = replace(leaf, value=Composition(sketch.KEY), slot=slot)
    for each in parameters:
        path, value = f"{sketch.PATH}.{each.name}", below.get(each.name, Composition(each.default))
        kept[path] = replace(leaf, path=path, value=value, slot=each)
    kept |= {path: replace(leaf, path=path, value=value) for path, value in below.items() if "." in path}
    return Row(row.name, row.doc, kept)


def fields(row: Row) -> list[str]:
    return [each.name for each in assemble(row).fields]


SETS: dict[str, tuple[str, ...]] = {
    "mpo": (*SMALL, "target.every = 3"),
    "ppo": ("network.hidden = [8, 6]", "data.environments = 2", "data.steps = 10", "data.batch = 5"),
    "rwr_return": (),
}
UNUSED = ("optimizer.dual",)  # by a constant eta
# Leaves that no longer apply where the choice is another.
GONE = {
    "encoder": ("network.input.",),
    "inference": ("pi_theta.", "network.policy.std", "network.policy.mean"),
    "core": ("network.input.",),
}


def trained(built: ModuleType, seeds: list[int], steps: int = 60) -> Loop:
    loop = loop_of(built, seeds, 1000, built.Agent(LAYOUT, Drift.action))
    while loop.steps < steps:
        loop.step()
    return loop


@pytest.mark.parametrize(("spec", "name", "kind"), CASES)
def test_a_role_is_a_block_more(spec: str, name: str, kind: str, tmp_path: Path) -> None:
    """Its field stands behind those whose draws it would move; it trains; a seed is the same alone."""
    row = sketched(spec, name)
    of = plain(spec) if name != "prior" else row_of("sac", *SMALL, "eta = 0.3", unsets=UNUSED)
    before, own = [field for field in fields(of) if field != "statistics"], fields(row)
    assert [field for field in own if field in before] == before
    assert [field for field in own if field not in before] == [name]
    assert own[own.index(name) - 1] == "critic"
    assert {each.name: each.kind for each in assemble(row).fields}[name] == kind

    built = build(row, tmp_path)
    start, loop = trained(built, [3, 4], 0).state, trained(built, [3, 4])
    assert loop.frozen() == {}
    for field in (name, *([f"{name}.target"] if kind == "Lagged" else [])):
        assert torch.isfinite(leaf_of(loop.state, field)).all()
        assert (leaf_of(loop.state, field) != leaf_of(start, field)).any(-1).all(), field
    for metrics in loop.take_metrics().values():
        assert all(torch.tensor(values).isfinite().all() for values in metrics.values())

    alone = trained(built, [4])
    assert same(map_state(lambda leaf: leaf[1:], loop.state), alone.state)
    assert same(map_state(lambda leaf: leaf[1:], loop.carry.memory), alone.carry.memory)


IN_UNITS = {
    "base": Composition("normalised"),
    "network.input.base.eps": 0.01,
    "network.input.base.clip": 5.0,
    "network.input.base.until": 300_000,
}


@pytest.mark.parametrize("spec", ["sac", "td3", "mpo", "ppo"])
def test_an_encoder_reads_normalised_numbers_and_images_as_they_are(spec: str, tmp_path: Path) -> None:
    """In acting, in updates and in columns alike; a seed is the same alone."""
    built = build(sketched(spec, "encoder", **IN_UNITS), tmp_path)
    loop = trained(built, [3, 4])
    assert loop.frozen() == {}
    agent, statistics = loop.agent, loop.state.statistics
    assert (statistics.seen > 20).all()
    seen = torch.tensor([[[3.0, 200.0, 0.5]], [[0.0, 255.0, -9.0]]])  # an image of two integers, a speed
    found = agent.normalise(loop.state, seen)  # type: ignore[attr-defined]
    assert torch.equal(found[..., :2], seen[..., :2])
    mean, std = statistics.mean[:, 2], (statistics.m2[:, 2] / statistics.seen).sqrt()
    expected = ((seen[:, 0, 2] - mean) / (std + 0.01)).clamp(-5, 5)
    torch.testing.assert_close(found[:, 0, 2], expected.float(), rtol=1e-6, atol=0)

    inputs = torch.cat([seen[..., :2] / 255, found[..., 2:]], -1)
    code = torch.tanh(agent.encoder.apply(loop.state.encoder.params, inputs))  # type: ignore[attr-defined]
    mean = agent.policy.apply(loop.state.policy.params, code)  # type: ignore[attr-defined]
    mean = torch.tanh(mean[0]) if spec == "sac" else mean if spec == "td3" else mean[0]
    _, acted = agent.act_mean(loop.state, loop.carry.memory, seen)
    assert torch.equal(acted, mean)
    assert same(map_state(lambda leaf: leaf[1:], loop.state), trained(built, [4]).state)


def test_the_encoder_and_what_it_reads_are_derived_apart() -> None:
    steps = {step.section.title: step for step in derive(sketched("sac", "encoder", **IN_UNITS)).steps}
    read = steps["What the encoder reads"]
    assert read.section.lines[0].startswith(r"o \leftarrow \mathrm{clip}")
    assert read.places
    assert "network.input.base.clip = 5" in read.choices


def test_what_policy_and_critic_draw_at_first_is_as_without_the_role(tmp_path: Path) -> None:
    one, other = (trained(build(row, tmp_path), [3], 0).state for row in (plain("sac"), sketched("sac", "prior")))
    assert same(one.policy, other.policy)
    assert same(one.critic, other.critic)
    assert not torch.equal(other.prior.params, other.policy.params)


@pytest.mark.parametrize("name", ["prior", *SKETCHES])
def test_the_equations_and_the_script_are_those_of_the_module(name: str, tmp_path: Path) -> None:
    """`derive` finds its lines, and the file that runs alone defines all that it calls."""
    row = sketched("mpo" if name == "core" else "sac", name)
    assert derive(row)
    (tmp_path / "alone.py").write_text(standalone(emit(row)), "utf-8")
    assert lint(tmp_path, "F") == []


def test_the_core_remembers_the_episode_alone(tmp_path: Path) -> None:
    """What is stored with a step is the state after the step before it, and 0 at an episode's first."""
    row = sketched("mpo", "core")
    kept = replace(row.leaves["data.warmup"], value=500)  # nothing is updated
    loop = trained(build(Row(row.name, row.doc, {**row.leaves, "data.warmup": kept}), tmp_path), [3, 4], 40)
    stored, agent = loop.source.episodes(), loop.agent
    after = agent.remember(loop.state.core.params, stored.hidden, stored.observation)  # type: ignore[attr-defined]
    going_on = 1 - stored.begins[:, 1:].unsqueeze(-1)
    torch.testing.assert_close(stored.hidden[:, 1:], after[:, :-1] * going_on)  # type: ignore[attr-defined]
    assert 0 < going_on.mean() < 1
    torch.testing.assert_close(loop.carry.memory.hidden[:, 0], after[:, -1])


def test_an_evaluation_keeps_a_memory_of_its_own(tmp_path: Path) -> None:
    """Episodes are those of a memory that begins with each of them, and training's memory stays as it is."""
    loop = trained(build(sketched("mpo", "core"), tmp_path), [3, 4])
    before = loop.carry.memory.hidden.clone()
    found = evaluate(loop.agent, loop.state, [Drift(1), Drift(2)], Starts([5, 6]), 3, CPU)
    assert torch.equal(loop.carry.memory.hidden, before)
    for seed, start in enumerate((5, 6)):
        world, state = Drift(9), map_state(lambda leaf, seed=seed: leaf[seed : seed + 1], loop.state)
        for number in range(3):
            observation, memory = world.reset(None if number else start), loop.agent.memory(1, 1, CPU)
            total, over = 0.0, False
            while not over:
                memory, action = loop.agent.act_mean(state, memory, torch.tensor(observation).view(1, 1, -1))
                observation, reward, terminated, truncated = world.step(action[0, 0].numpy())
                total, over = total + reward, terminated or truncated
            assert found.returns[seed][number] == total


def test_a_role_that_no_loss_trains_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ContractError, match=r"a block reads optimizer.value.lr, which the row does not have"):
        emit(sketched("rwr_return", "encoder"))

    def idle(c: Choices) -> Input:
        enlist(c, Role("spare", "self.spare = Mlp([2, 2], torch.tanh)", r"\xi", "value"))
        return base(c)

    def lagging(c: Choices) -> Input:
        enlist(c, Role("spare", "self.spare = Mlp([2, 2], torch.tanh)", r"\xi", "value", lagged=True))
        return base(c)

    monkeypatch.setitem(MEANINGS[encoder.PATH], encoder.KEY, lagging)
    with pytest.raises(ContractError, match="the spare has a lagged copy, and `target` says nothing"):
        emit(sketched("ppo", "encoder"))
    monkeypatch.setitem(MEANINGS[encoder.PATH], encoder.KEY, idle)
    with pytest.raises(ContractError, match="no loss trains the spare"):
        emit(sketched("sac", "encoder"))
