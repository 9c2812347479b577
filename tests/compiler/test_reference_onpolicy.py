"""The on-policy rows agree with their second derivations, in float64, over whole rounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from plain import flat
from plain_onpolicy import Ppo, Trpo, Vmpo
from reference import SEEDS, assert_close, episodes_of, generators, minibatch, module_of, move, seen_by, start, whole
from tiny import CPU, leaf_of
from torch.distributions import Independent, Normal, OneHotCategorical, kl_divergence

from taxon.operators.observations import Array

NETWORKS = ("network.policy.hidden = [8, 6]", "network.value.hidden = [9, 7]")
WAITING = "data = rollouts(environments = 6, steps = 12, {}, batch = 8) + restarts"
SMALL = ("data.environments = 3", "data.steps = 12", "data.batch = 12")
FIXED = ("pi_p = fixed", "pi_p.update = fixed", "G = A[pi_q]", "eta = 0.01")
PPO = {
    "penalty": ("ppo", "penalty", ()),
    "clip": ("ppo_clip", "clip", ()),
    "entropy": ("ppo", "entropy", (*FIXED, "pi_q.update = sg(standardise = true) + clipped(ratio = 0.2)")),
}
ACTIONS = ("continuous", "discrete")


class Rounds:
    """An agent in the middle of training, and rounds of data for it."""

    def __init__(self, built: Any, actions: str) -> None:
        self.discrete, self.data = actions == "discrete", built.DATA
        self.width = 3 if self.discrete else 2
        self.agent = built.Agent(Array((3,)), self.width)
        self.phases = {phase.name: phase for phase in self.agent.phases}
        self.draw = torch.Generator().manual_seed(5)
        self.state, seen = seen_by(self.agent, start(self.agent), self.draw)
        self.seen = [None if self.discrete else seen[seed] for seed in range(SEEDS)]

    def collect(self) -> None:
        self.episodes = episodes_of(self.data, self.draw, self.width, self.discrete)
        phase = self.phases["policy"]
        self.columns = phase.refresh(self.state, self.episodes, generators(0))

    def batch(self, name: str) -> Any:
        phase = self.phases[name]
        if phase.whole:
            return whole(phase.batch, self.episodes, self.columns)
        return minibatch(phase.batch, self.episodes, self.columns, self.data.batch, self.draw)

    def update(self, name: str, batch: Any) -> dict[str, torch.Tensor]:
        phase = self.phases[name]
        self.state, metrics = phase.update(self.state, batch, phase.noise(generators(1), CPU))
        return metrics

    def old(self, columns: Any, seed: int) -> Any:
        """The stored distribution."""
        if self.discrete:
            return OneHotCategorical(logits=columns["old_logits"][seed])
        return Independent(Normal(columns["old_mean"][seed], columns["old_std"][seed]), 1)

    def check_columns(self, plain: list[Any], look_ahead: float) -> None:
        """Targets, advantages and the old policy, on the steps that count."""
        for seed, reference in enumerate(plain):
            target, advantage = reference.advantages(self.episodes, seed, look_ahead)
            counted, old = self.episodes.valid[seed] > 0, reference.old(self.episodes.observation[seed])
            expected = {"target": target, "advantage": advantage}
            expected["old_log_prob"] = old.log_prob(self.episodes.action[seed])
            if not self.discrete:
                expected |= {"old_mean": old.base_dist.loc, "old_std": old.base_dist.scale}
            assert set(self.columns) <= {*expected, "old_logits"}
            for name in self.columns.keys() & expected.keys():
                assert_close(name, expected[name][counted], self.columns[name][seed][counted])
            if "old_logits" in self.columns:
                assert_close("old_logits", kl_divergence(old, self.old(self.columns, seed)), torch.zeros_like(target))

    def check_values(self, plain: list[Any]) -> None:
        for _ in range(3):
            batch, before = self.batch("value"), leaf_of(self.state, "critic")
            self.update("value", batch)
            for seed, reference in enumerate(plain):
                reference.update_value(batch.observation[seed], batch.target[seed])
                assert_close(f"critic, seed {seed}", flat(reference.critic), leaf_of(self.state, "critic")[seed])
            assert not torch.equal(before, leaf_of(self.state, "critic"))


@pytest.mark.parametrize("actions", ACTIONS)
@pytest.mark.parametrize("form", PPO)
def test_ppo(form: str, actions: str, tmp_path: Path) -> None:
    spec, form, sets = PPO[form]
    rounds = Rounds(module_of(spec, tmp_path, (*NETWORKS, *SMALL, *sets), actions), actions)
    plain = [Ppo(rounds.state, seed, rounds.seen[seed], rounds.width, form) for seed in range(SEEDS)]
    for number in range(2):
        rounds.collect()
        rounds.check_columns(plain, 0.95)
        # as if many minibatches had passed: ratios on both sides of the interval, a divergence that counts
        rounds.state = move(rounds.state, "policy", 0.4, number)
        for seed, reference in enumerate(plain):
            reference.actor.load(leaf_of(rounds.state, "policy")[seed])
        beyond = torch.zeros(4)
        for _ in range(3):
            batch = rounds.batch("policy")
            before = leaf_of(rounds.state, "policy")
            rounds.update("policy", batch)
            for seed, reference in enumerate(plain):
                columns = {name: getattr(batch, name) for name in batch._fields}
                s, a, advantage = batch.observation[seed], batch.action[seed], batch.advantage[seed]
                old = rounds.old(columns, seed) if form == "penalty" else Stored(batch.old_log_prob[seed])
                ratio = (reference.actor(reference.see(s)).log_prob(a) - batch.old_log_prob[seed]).exp()
                sides = torch.stack([ratio > 1.2, ratio < 0.8])
                beyond += torch.cat([(sides & (advantage > 0)).sum(1), (sides & (advantage < 0)).sum(1)])
                reference.update_policy(s, a, advantage, old)
                assert_close(f"policy, seed {seed}", reference.actor.row(), leaf_of(rounds.state, "policy")[seed])
            assert not torch.equal(before, leaf_of(rounds.state, "policy"))
        assert (beyond > 0).all()
        if form == "penalty":
            rounds.update("penalty", rounds.batch("penalty"))
            for seed, reference in enumerate(plain):
                stored = rounds.old(rounds.columns, seed)
                reference.update_penalty(rounds.episodes.observation[seed], stored, rounds.episodes.valid[seed])
                assert_close(f"eta, seed {seed}", reference.beta, rounds.state.eta[seed])
        else:
            assert "penalty" not in rounds.phases
        rounds.check_values(plain)


class Stored:
    """An old policy of which only its log-probabilities are kept."""

    def __init__(self, log_prob: torch.Tensor) -> None:
        self.stored = log_prob

    def log_prob(self, _: torch.Tensor) -> torch.Tensor:
        return self.stored


def test_penalty_by_the_divergence(tmp_path: Path) -> None:
    """The coefficient doubles, stays or halves; padding does not count."""
    data = WAITING.format("policy_epochs = 1, value_epochs = 1")
    rounds = Rounds(module_of("ppo", tmp_path, (*NETWORKS, data)), "continuous")
    plain = [Ppo(rounds.state, seed, rounds.seen[seed], rounds.width, "penalty") for seed in range(SEEDS)]
    rounds.collect()
    assert (rounds.episodes.valid == 0).any()
    rounds.check_columns(plain, 0.95)
    at_first = rounds.state
    factors = set()
    for scale in (0.0, 0.02, 0.03, 0.04, 0.05, 0.3):
        rounds.state = move(at_first, "policy", scale)
        metrics = rounds.update("penalty", rounds.batch("penalty"))
        for seed, reference in enumerate(plain):
            reference.beta = at_first.eta[seed]
            reference.actor.load(leaf_of(rounds.state, "policy")[seed])
            stored = rounds.old(rounds.columns, seed)
            kl = reference.update_penalty(rounds.episodes.observation[seed], stored, rounds.episodes.valid[seed])
            assert_close(f"kl, seed {seed}", kl, metrics["kl"][seed])
            assert_close(f"eta, seed {seed}", reference.beta, rounds.state.eta[seed])
            factors.add(round(float(reference.beta / at_first.eta[seed]), 6))
    assert factors == {0.5, 1.0, 2.0}


@pytest.mark.parametrize("actions", ACTIONS)
def test_vmpo(actions: str, tmp_path: Path) -> None:
    rounds = Rounds(module_of("vmpo", tmp_path, (*NETWORKS, *SMALL), actions), actions)
    plain = [Vmpo(rounds.state, seed, rounds.seen[seed], rounds.width) for seed in range(SEEDS)]
    for number in range(2):
        rounds.collect()
        rounds.check_columns(plain, 5)
        rounds.state = move(rounds.state, "policy", 0.2, number)
        for seed, reference in enumerate(plain):
            reference.actor.load(leaf_of(rounds.state, "policy")[seed])
        for _ in range(3):
            batch, before = rounds.batch("policy"), rounds.state
            order = batch.advantage.argsort(-1, descending=True)
            last, next_ = order[:, 5:6], order[:, 6:7]
            batch = batch._replace(
                advantage=batch.advantage.scatter(1, next_, batch.advantage.gather(1, last))
            )  # the sixth of twelve has an equal
            rounds.update("policy", batch)
            columns = {name: getattr(batch, name) for name in batch._fields}
            for seed, reference in enumerate(plain):
                s, a, advantage = batch.observation[seed], batch.action[seed], batch.advantage[seed]
                reference.update_policy(s, a, advantage, rounds.old(columns, seed))
                assert_close(f"policy, seed {seed}", reference.actor.row(), leaf_of(rounds.state, "policy")[seed])
                for name, raw in reference.raw.items():
                    assert_close(f"{name}, seed {seed}", raw, leaf_of(rounds.state, name)[seed])
            for name in ("policy", *plain[0].raw):
                assert not torch.equal(leaf_of(before, name), leaf_of(rounds.state, name))
        rounds.check_values(plain)


STEP = "kl = {}, damping = {}, iterations = {}, tries = {}, shrink = 0.5, standardise = true"


@pytest.mark.parametrize("actions", ACTIONS)
@pytest.mark.parametrize(
    ("settings", "fractions", "tolerance"),
    [
        # fewer iterations than parameters: rounds whose full step is taken, is shortened, and is given up
        (((0.01, 0.1, 3, 10), (1.5, 0.01, 3, 10), (1.5, 0.01, 3, 1)), {0.0, 0.5, 1.0}, 1e-9),
        # the system solved, up to the residual at which conjugate gradients stop: 1e-5 of the gradient
        (((0.01, 0.5, 40, 10),), {1.0}, 2e-6),
    ],
    ids=["truncated", "solved"],
)
def test_trpo(settings: tuple, fractions: set, tolerance: float, actions: str, tmp_path: Path) -> None:
    taken = set()
    for delta, damping, iterations, tries in settings:
        step = f"pi_q.update = natural_gradient({STEP.format(delta, damping, iterations, tries)})"
        data = (WAITING.format("value_epochs = 1"),) if tries == 1 else SMALL
        sets = ("network.policy.hidden = [2]", NETWORKS[1], *data, step)
        rounds = Rounds(module_of("trpo", tmp_path, sets, actions), actions)
        chosen = (delta, damping, iterations, tries)
        plain = [Trpo(rounds.state, seed, rounds.seen[seed], rounds.width, *chosen) for seed in range(SEEDS)]
        for _ in range(3):
            rounds.collect()
            rounds.check_columns(plain, 1.0)
            metrics = rounds.update("policy", rounds.batch("policy"))
            for seed, reference in enumerate(plain):
                counted = rounds.episodes.valid[seed] > 0
                s, a = rounds.episodes.observation[seed][counted], rounds.episodes.action[seed][counted]
                fraction = reference.update_policy(s, a, rounds.columns["advantage"][seed][counted])
                assert counted.all() == (tries > 1)
                assert fraction == float(metrics["step_fraction"][seed])
                assert_close(
                    f"policy, seed {seed}", reference.actor.row(), leaf_of(rounds.state, "policy")[seed], tolerance
                )
                taken.add(fraction)
                leaf_of(rounds.state, "policy")[seed] = reference.actor.row()  # the next round from the same place
            rounds.check_values(plain)
    assert fractions <= taken
