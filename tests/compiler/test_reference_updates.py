"""What is emitted is the published update: it agrees with a second derivation, in float64, to 1e-10."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from plain import Awac, Awr, ClippingMpo, Mpo, Sac, flat
from plain_relatives import MpoCategorical, MpoOfWorkers, Rerpi
from reference import SEEDS, assert_close, double, generators, some_actions, start
from tiny import CPU, build, leaf_of, row_of, same, with_leaf

from taxon.operators.data import Episodes
from taxon.operators.observations import Array

SMALL = ("network.policy.hidden = [8, 6]", "network.value.hidden = [8, 6]", "data.batch = 12")
MPO = ("network.policy.hidden = [8, 6]", "network.value.hidden = [9, 7]", "optimizer.clip = 0.5", "target.every = 2")
WINDOWS = (*MPO, "data.batch = 5", "data.sequences.length = 4")
UPDATES = {
    "sac": (SMALL, lambda state, seed: Sac(state, seed, True)),
    "sac_notanh": (SMALL, lambda state, seed: Sac(state, seed, False)),
    "mpo_onestep": ((*MPO, "data.batch = 12"), lambda state, seed: Mpo(state, seed, False, False)),
    "mpo_onestep clip": (
        (*MPO, "data.batch = 12", "bounds = penalty(kl = 1e-3) + clip"),
        lambda state, seed: ClippingMpo(state, seed, False, False),
    ),
    "mpo": (WINDOWS, lambda state, seed: Mpo(state, seed, True, False)),
    "mpo_joint": (WINDOWS, lambda state, seed: Mpo(state, seed, True, True)),
    "rerpi": ((*MPO, "data.batch = 12"), Rerpi),
    "mpo_distributed": ((*MPO, "data.batch = 8", "data.sequences.length = 4"), MpoOfWorkers),
    # bounds that some weights exceed
    "awac": ((*SMALL, "pi_q.update.clip = 1.5"), lambda state, seed: Awac(state, seed, True, 1.5)),
    "awac_double": ((*SMALL, "pi_q.update.clip = 1.5"), lambda state, seed: Awac(state, seed, True, 1.5)),
    "awac_exponential": ((*SMALL, "pi_q.update.clip = 1.2"), lambda state, seed: Awac(state, seed, False, 1.2)),
}


def batch_of(kind: Any, built: Any, draw: torch.Generator) -> Any:
    """Steps or windows with some endings of both sorts, actions inside and outside the box."""
    data = built.DATA
    shape = (SEEDS, data.batch) if data.sequence == 1 else (SEEDS, data.batch, data.sequence)
    widths = {"observation": (3,), "next_observation": (3,), "action": (2,)}
    columns = {
        name: torch.randn(*shape, *widths.get(name, ()), generator=draw).double() * (1 if name != "action" else 0.7)
        for name in kind._fields
    }
    for name, probability in (("terminated", 0.2), ("truncated", 0.2)):
        if name in columns:
            columns[name] = (torch.rand(shape, generator=draw) < probability).double()
    if "log_prob" in columns:
        columns["log_prob"] = columns["log_prob"] - 1.0
    return kind(**columns)


@pytest.mark.parametrize("spec", UPDATES)
def test_three_updates(spec: str, tmp_path: Path) -> None:
    sets, make = UPDATES[spec]
    built = build(row_of(spec.partition(" ")[0], *sets), tmp_path)
    agent = built.Agent(Array((3,)), 2)
    state = start(agent)
    references = [make(state, seed) for seed in range(SEEDS)]
    draw = torch.Generator().manual_seed(5)
    for _ in range(3):
        batch = batch_of(agent.phases[0].batch, built, draw)
        noise = double(agent.noise(generators(100 + int(state.updates[0])), CPU))
        before = state
        state, _ = agent.update(state, batch, noise)
        for seed, reference in enumerate(references):
            reference.update(batch, noise, seed)
            for name, (expected, found) in reference.check(state, seed).items():
                assert_close(f"{spec} {name}, seed {seed}", expected, found)
        # an agreement of things that stand still would say nothing
        moved = [
            name for name in reference.check(state, 0) if not torch.equal(leaf_of(before, name), leaf_of(state, name))
        ]
        assert {name for name in reference.check(state, 0) if not name.endswith(".target")} <= set(moved)


def test_mpo_categorical(tmp_path: Path) -> None:
    """One-hot actions of three."""
    built = build(row_of("mpo_categorical", *WINDOWS), tmp_path)
    agent, draw = built.Agent(Array((3,)), 3), torch.Generator().manual_seed(5)
    state = start(agent)
    references = [MpoCategorical(state, seed) for seed in range(SEEDS)]
    for _ in range(3):
        batch, before = batch_of(agent.phases[0].batch, built, draw), state
        batch = batch._replace(action=some_actions(draw, SEEDS, 5, 4, width=3, discrete=True))
        state, _ = agent.update(state, batch, ())
        for seed, reference in enumerate(references):
            reference.update(batch, seed)
            for name, (expected, found) in reference.check(state, seed).items():
                assert_close(f"{name}, seed {seed}", expected, found)
        for name in ("policy", "critic", "eta_raw", "alpha_raw"):
            assert not torch.equal(leaf_of(before, name), leaf_of(state, name))


def test_awr(tmp_path: Path) -> None:
    """Both phases over whole episodes: targets by the critic as it stood, advantages by the updated one."""
    built = build(row_of("awr", *SMALL), tmp_path)
    agent = built.Agent(Array((3,)), 2)
    draw = torch.Generator().manual_seed(4)
    state = start(agent)
    length = 40
    observation = 3 * torch.randn(SEEDS, length, 3, generator=draw).double() + 1
    for part in torch.split(observation, 7, 1):
        state = agent.observe(state, part)
    over = torch.zeros(SEEDS, length).double()
    over[:, [6, 13, 22, 30]] = 1
    kinds = torch.tensor([1.0, 0.0, 1.0, 0.0]).double()
    terminated, truncated = over.clone(), over.clone()
    terminated[:, [6, 13, 22, 30]], truncated[:, [6, 13, 22, 30]] = kinds, 1 - kinds
    ended, valid, begins = over.clone(), torch.ones_like(over), over.roll(1, -1)
    ended[:, -1] = begins[:, 0] = 1
    valid[:, 31:] = 0  # the running episode
    action = 0.7 * torch.randn(SEEDS, length, 2, generator=draw).double()
    reward = torch.randn(SEEDS, length, generator=draw).double()
    following = 3 * torch.randn(SEEDS, length, 3, generator=draw).double() + 1
    episodes = Episodes(observation, action, reward, following, terminated, truncated, ended, valid, begins)
    plain = [Awr(state, seed, observation[seed]) for seed in range(SEEDS)]
    value, policy = agent.phases

    target = value.refresh(state, episodes, generators(0))["target"]
    expected = torch.stack([reference.returns(episodes, seed) for seed, reference in enumerate(plain)])
    assert_close("target", expected, target)
    for _ in range(3):
        index = torch.randint(length, (12,), generator=draw)
        batch = value.batch(observation=observation[:, index], target=target[:, index])
        state, _ = value.update(state, batch, value.noise(generators(1), CPU))
        for seed, reference in enumerate(plain):
            reference.update_value(observation[seed, index], expected[seed, index])
            assert_close("critic", flat(reference.critic), state.critic.params[seed])

    advantage = policy.refresh(state, episodes, generators(0))["advantage"]
    expected = torch.stack([reference.advantages(episodes, seed) for seed, reference in enumerate(plain)])
    assert_close("advantage", expected, advantage)
    wide = advantage * 4  # some weights reach the bound
    assert (wide.exp() > 20).any()
    for _ in range(3):
        index = torch.randint(length, (12,), generator=draw)
        index[0] = int(wide.amax(0).argmax())
        batch = policy.batch(observation=observation[:, index], action=action[:, index], advantage=wide[:, index])
        state, _ = policy.update(state, batch, policy.noise(generators(1), CPU))
        for seed, reference in enumerate(plain):
            reference.update_policy(observation[seed, index], action[seed, index], 4 * expected[seed, index], 20)
            assert_close("policy", flat(reference.policy), state.policy.params[seed])


@pytest.mark.parametrize("spec", ["sac_notanh", "mpo_onestep", "awac"])
def test_gradients_that_must_not_flow(spec: str, tmp_path: Path) -> None:
    """The critic knows neither the policy's loss nor the duals; a multiplier knows its own dual alone."""
    built = build(row_of(spec, *UPDATES[spec][0]), tmp_path)
    agent = built.Agent(Array((3,)), 2)
    state = start(agent)
    batch = batch_of(agent.phases[0].batch, built, torch.Generator().manual_seed(5))
    noise = double(agent.noise(generators(100), CPU))
    after, _ = agent.update(state, batch, noise)
    raws = [name for name in state._fields if name.endswith("_raw") or name == "log_eta"]
    for changed in raws:
        other, _ = agent.update(with_leaf(state, changed, leaf_of(state, changed) + 0.1), batch, noise)
        # SAC's temperature is part of its target; no other multiplier reaches the critic
        assert same(after.critic, other.critic) == (changed != "log_eta")
        assert not same(after.policy, other.policy)
        for name in raws:
            assert torch.equal(leaf_of(after, name), leaf_of(other, name)) == (name != changed)
