"""What is logged of an update, by the choices of a row, at states where it is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import updates
from tiny import SPECS, build, with_leaf

from taxon.compiler.assemble import assemble
from taxon.operators.observations import Array
from taxon.runtime.loop.learning import MOST_NUMBERS

POLICY = {"policy_loss", "policy_gradient"}
VALUE = {"value_loss", "value_gradient"}
SPREAD = {"entropy", "std_mean", "std_min"}
E_STEP = {"kl_q_rel", "score_min", "score_max", "eta"}
LOGGED = {
    "ppo_clip": {
        "value": VALUE | {"explained_variance"},
        "policy": POLICY | SPREAD | {"approx_kl", "clip_fraction"},
    },
    "ppo": {
        "value": VALUE | {"explained_variance"},
        "policy": POLICY | SPREAD | {"approx_kl"},
        "penalty": {"kl", "eta"},
    },
    "trpo": {
        "value": VALUE | {"explained_variance"},
        "policy": POLICY | SPREAD | {"kl", "step_fraction"},
    },
    "vmpo": {
        "value": VALUE | {"explained_variance"},
        "policy": POLICY | SPREAD | E_STEP | {"alpha_mean", "alpha_cov", "kl_mean", "kl_cov"},
    },
    "mpo_onestep": {
        "update": VALUE | POLICY | SPREAD | E_STEP | {"q_mean", "bounds_eta"}
        | {"alpha_mean", "alpha_cov", "kl_mean", "kl_cov"},
    },
    "sac": {"update": VALUE | POLICY | SPREAD | {"q_mean", "eta"}},
    "td3": {"update": VALUE | POLICY | {"q_mean"}},
}  # fmt: skip


class Made:
    """A module with made-up data, one phase of which is updated once from any state."""

    def __init__(self, name: str, phase: str, folder: Path, actions: str = "continuous") -> None:
        row = updates.small(SPECS / f"{name}.tx", actions)
        assert row is not None
        built, random = build(row, folder), updates.np.random.RandomState(3)
        self.generators = [torch.Generator().manual_seed(7 + seed) for seed in range(updates.SEEDS)]
        self.agent = built.Agent(Array((updates.OBSERVATIONS,)), updates.ACTIONS)
        self.state = updates._double(self.agent.init(self.generators))
        phased = len(self.agent.phases) > 1
        episodes = updates._episodes(random, self.agent.discrete, phased)
        columns = {field: column for field, column in episodes._asdict().items() if column is not None}
        for each in self.agent.phases:
            if each.refresh is not None:
                columns |= each.refresh(self.state, episodes, self.generators)
        self.phase = next(each for each in self.agent.phases if each.name == phase)
        self.batch = updates._batch(built, self.phase, columns, random)
        self.noise = updates._double(self.phase.noise(self.generators, torch.device("cpu")))

    def update(self, **fields: torch.Tensor) -> tuple[Any, dict[str, torch.Tensor]]:
        state = self.state
        for name, value in fields.items():
            state = with_leaf(state, name, value)
        made: tuple[Any, dict[str, torch.Tensor]] = self.phase.update(state, self.batch, self.noise)
        return made


@pytest.mark.parametrize("name", LOGGED)
def test_the_choices_of_a_row_say_what_is_logged(name: str) -> None:
    row = updates.small(SPECS / f"{name}.tx", "continuous")
    assert row is not None
    program = assemble(row)
    for phase in program.schedule.phases:
        placed = program.placed(phase.update)
        assert placed is not None
        found = [metric for metric, _ in placed.metrics]
        if placed.function.joins:
            between = program.placed("update_critic")
            assert between is not None
            found += [metric for metric, _ in between.metrics]
        assert len(found) == len(set(found)) <= MOST_NUMBERS
        assert set(found) == LOGGED[name][phase.name], phase.name


@pytest.mark.parametrize(("name", "phase", "count"), [("mpo_onestep", "update", 10), ("vmpo", "policy", 7 // 2)])
def test_the_divergence_of_the_e_step_at_its_extremes(name: str, phase: str, count: int, tmp_path: Path) -> None:
    """A temperature without end leaves the prior; one near zero gives all weight to the best of so many actions."""
    made = Made(name, phase, tmp_path)
    if "advantage" in made.batch._fields:  # a step that is drawn twice would share the weight
        apart = 0.01 * torch.arange(made.batch.advantage.shape[1])
        made.batch = made.batch._replace(advantage=made.batch.advantage + apart)
    epsilon = made.phase.update.__globals__["EPSILON"]
    raw = torch.ones_like(made.state.eta_raw.params)
    _, hot = made.update(eta_raw=1e6 * raw)
    _, cold = made.update(eta_raw=-16 * raw)
    torch.testing.assert_close(hot["kl_q_rel"], torch.zeros_like(hot["kl_q_rel"]), atol=1e-9, rtol=0)
    expected = torch.full_like(cold["kl_q_rel"], math.log(count) / epsilon)
    torch.testing.assert_close(cold["kl_q_rel"], expected, atol=1e-6, rtol=0)
    assert (cold["score_min"] < cold["score_max"]).all()


def test_the_policy_that_acted_has_not_moved(tmp_path: Path) -> None:
    made = Made("ppo_clip", "policy", tmp_path)
    moved, metrics = made.update()
    zero = torch.zeros(updates.SEEDS, dtype=torch.float64)
    torch.testing.assert_close(metrics["approx_kl"], zero, atol=1e-15, rtol=0)
    torch.testing.assert_close(metrics["clip_fraction"], zero, atol=0, rtol=0)
    torch.testing.assert_close(metrics["std_mean"], zero + 1, atol=1e-12, rtol=0)
    entropy = updates.ACTIONS * 0.5 * (1 + math.log(2 * math.pi))
    torch.testing.assert_close(metrics["entropy"], zero + entropy, atol=1e-12, rtol=0)
    _, metrics = made.update(policy=moved.policy.params + 0.3)
    assert (metrics["approx_kl"] > 0).all()
    assert (metrics["clip_fraction"] > 0).all()


def test_a_critic_of_returns_that_are_alike_explains_what_it_can(tmp_path: Path) -> None:
    """A number that were not finite would stop the seed."""
    made = Made("ppo_clip", "value", tmp_path)
    made.batch = made.batch._replace(target=torch.full_like(made.batch.target, 3.0))
    _, metrics = made.update()
    assert torch.isfinite(metrics["explained_variance"]).all()
    _, metrics = made.update(critic=torch.zeros_like(made.state.critic.params))
    assert (metrics["explained_variance"] == 1).all()
