"""The rows that weigh what was done and imitate it agree with their second derivations, in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from plain_weighted import Power, Reps, Rwr, Urex, returns_to_go
from reference import SEEDS, assert_close, episodes_of, generators, minibatch, module_of, seen_by, start, whole
from tiny import CPU, leaf_of

from taxon.operators.observations import Array

ACTIONS = ("continuous", "discrete")


def width_of(actions: str) -> int:
    return 3 if actions == "discrete" else 2


def update(agent: Any, name: str, state: Any, batch: Any) -> tuple[Any, dict[str, torch.Tensor]]:
    (phase,) = (phase for phase in agent.phases if phase.name == name)
    return phase.update(state, batch, phase.noise(generators(1), CPU))


@pytest.mark.parametrize("actions", ACTIONS)
def test_urex(actions: str, tmp_path: Path) -> None:
    """Groups of three episodes of different lengths."""
    data = "data = rollouts(environments = 6, steps = 9) + restarts(group = 3)"
    built = module_of("urex", tmp_path, (data, "network.policy.hidden = [8]", "optimizer.clip = 0.5"), actions)
    agent, draw, width = (
        built.Agent(Array((3,)), width_of(actions)),
        torch.Generator().manual_seed(5),
        width_of(actions),
    )
    (phase,) = agent.phases
    state = start(agent)
    kind = "choices" if actions == "discrete" else "free"
    references = [Urex(state, seed, kind, width, 3) for seed in range(SEEDS)]
    for _ in range(3):
        episodes = episodes_of(built.DATA, draw, width, actions == "discrete")
        assert (episodes.valid == 0).any()
        episodes = episodes._replace(reward=0.1 * episodes.reward)  # no group with one member that counts
        state, _ = update(agent, "policy", state, whole(phase.batch, episodes, phase.refresh(state, episodes, [])))
        for seed, reference in enumerate(references):
            reference.update(episodes, seed, 6)
            assert_close(f"policy, seed {seed}", reference.actor.row(), leaf_of(state, "policy")[seed])


@pytest.mark.parametrize(
    ("spec", "transform", "offset"),
    # an offset that would make padding, whose return is 0, the best or the worst of all
    [("rwr", "adaptive(init = 1)", -3), ("rwr_return", "adaptive(init = 1)", -3), ("rwr_return", "shift", 3)],
)
def test_rwr(spec: str, transform: str, offset: float, tmp_path: Path) -> None:
    data = "data = rollouts(environments = 6, steps = 12, policy_epochs = 1, batch = 8)"
    restarts = " + restarts" if spec == "rwr_return" else ""
    sets = ("network.policy.hidden = [8, 6]", "optimizer.policy = sgd(lr = 1e-2, momentum = 0.9)")
    built = module_of(spec, tmp_path, (*sets, data + restarts, f"G.transform = {transform}"))
    agent, draw = built.Agent(Array((3,)), 2), torch.Generator().manual_seed(5)
    state, seen = seen_by(agent, start(agent), draw)
    policy, *others = agent.phases
    assert [phase.name for phase in others] == ["transform"] * (transform != "shift")
    references = [Rwr(state, seed, seen[seed]) for seed in range(SEEDS)]
    for _ in range(3):
        episodes = episodes_of(built.DATA, draw, 2)
        episodes = episodes._replace(reward=0.2 * (episodes.reward + offset * episodes.valid))
        columns = policy.refresh(state, episodes, generators(0))
        for seed, reference in enumerate(references):
            outcome, counted = episodes.reward[seed], episodes.valid[seed] > 0
            if spec == "rwr_return":
                assert not counted.all()
                outcome = returns_to_go(outcome, episodes.ended[seed], 0.99)
            assert_close("weight", reference.weigh(outcome[counted]), columns["weight"][seed][counted])
        for _ in range(3):
            batch, before = minibatch(policy.batch, episodes, columns, 8, draw), state
            state, _ = update(agent, "policy", state, batch)
            for seed, reference in enumerate(references):
                reference.update(batch.observation[seed], batch.action[seed], batch.weight[seed])
                assert_close(f"policy, seed {seed}", reference.row(), leaf_of(state, "policy")[seed])
            assert not torch.equal(leaf_of(before, "policy"), leaf_of(state, "policy"))
        if transform == "shift":
            continue
        before = state
        state, _ = update(agent, "transform", state, whole(others[0].batch, episodes, columns))
        for seed, reference in enumerate(references):
            reference.adapt()
            assert_close(f"beta, seed {seed}", reference.beta, state.beta[seed])
        assert not torch.equal(before.beta, state.beta)


def test_power(tmp_path: Path) -> None:
    """Positive rewards, every episode to its own end."""
    built = module_of("power", tmp_path, ("data = rollouts(environments = 6, steps = 9) + restarts",))
    agent, draw = built.Agent(Array((3,)), 2), torch.Generator().manual_seed(5)
    state = start(agent)
    (phase,) = agent.phases
    references = [Power(leaf_of(state, "policy")[seed], 2) for seed in range(SEEDS)]
    for _ in range(3):
        episodes = episodes_of(built.DATA, draw, 2)
        episodes = episodes._replace(reward=episodes.reward.exp() * episodes.valid)
        state, _ = update(agent, "policy", state, whole(phase.batch, episodes, phase.refresh(state, episodes, [])))
        for seed, reference in enumerate(references):
            counted = episodes.valid[seed] > 0
            returns = returns_to_go(episodes.reward[seed], episodes.ended[seed], 1.0)
            columns = (episodes.observation[seed], episodes.action[seed], returns)
            reference.update(*(column[counted].numpy() for column in columns))
            assert_close(f"policy, seed {seed}", reference.row(), leaf_of(state, "policy")[seed], 1e-9)


@pytest.mark.parametrize("actions", ACTIONS)
@pytest.mark.parametrize("gamma", [0.8, 0.99, 1.0])
def test_reps(gamma: float, actions: str, tmp_path: Path) -> None:
    """Within what a ridge of 1e-6 on V leaves; the fit to given weights to more digits."""
    data = "data = rollouts(environments = 4, steps = 20)"
    built = module_of("reps", tmp_path, (data, f"gamma = {gamma:g}"), actions)
    width = width_of(actions)
    agent, draw = built.Agent(Array((3,)), width), torch.Generator().manual_seed(5)
    (phase,) = agent.phases
    state = start(agent)
    reference = Reps(gamma)
    for _ in range(2):
        episodes = episodes_of(built.DATA, draw, width, actions == "discrete")
        columns = phase.refresh(state, episodes, [])
        state, _ = update(agent, "policy", state, whole(phase.batch, episodes, columns))
        for seed in range(SEEDS):
            assert_close("weight", torch.from_numpy(reference.weights(episodes, seed)), columns["weight"][seed], 1e-5)
            s, a = episodes.observation[seed].numpy(), episodes.action[seed].numpy()
            fit = reference.fit_choices if actions == "discrete" else reference.fit_normal
            assert_close(
                f"policy, seed {seed}", fit(s, a, columns["weight"][seed].numpy()), leaf_of(state, "policy")[seed], 1e-7
            )
