"""Rows with a prior beside the policy agree with their second derivations, in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from plain_priors import ByDensity, Forward, ForwardOfPrior, PpoTowards, SacOfChoicesTowards, SacTowards, Svg0
from reference import SEEDS, assert_close, double, generators, module_of, move, some_actions, start
from test_reference_onpolicy import Rounds, Stored
from test_reference_updates import batch_of
from tiny import CPU, leaf_of

from taxon.operators.observations import Array

ROOT = Path(__file__).parents[2]
HIDDEN = ("network.policy.hidden = [8, 6]", "network.value.hidden = [9, 7]", "network.prior.hidden = [7, 5]")
WINDOWS = (*HIDDEN, "data.batch = 5", "data.sequences.length = 4", "target.every = 2")
NETWORKS = (*HIDDEN, "data.batch = 12")
SAC = {
    "default": ("sac_default", (), lambda state, seed: SacTowards(state, seed, "default", 0.1, hidden=(2,))),
    "power": (
        "sac_default",
        ("pi_p = default(hide = [0, 2], power = 0.4)",),
        lambda state, seed: SacTowards(state, seed, "default", 0.1, 0.4, (0, 2)),
    ),
    "behaviour": ("sac_behaviour", (), lambda state, seed: SacTowards(state, seed, "behaviour", 0.1)),
    "until": (
        "sac_behaviour",
        ("pi_p.update = sg(until = 2)", "pi_p.power = 0.7"),
        lambda state, seed: SacTowards(state, seed, "behaviour", 0.1, 0.7, until=2),
    ),
    "constant": ("sac_constant", (), lambda state, seed: SacTowards(state, seed, 0.5, 0.1)),
}
SVG0 = {
    "svg0_prior": lambda state, seed: Svg0(state, seed, (), 2e-3, 0.5),
    "iadp": lambda state, seed: Svg0(state, seed, (0, 1), 1e-3, 1.0),
}


def agree(agent: Any, references: list[Any], state: Any, batches: Any) -> None:
    """Three updates agree in every field, and each moves what it trains."""
    (phase,) = agent.phases
    for number in range(3):
        batch, noise = batches(phase.batch), double(phase.noise(generators(100 + number), CPU))
        before = state
        state, metrics = phase.update(state, batch, noise)
        assert all(metric.isfinite().all() for metric in metrics.values())
        for seed, reference in enumerate(references):
            reference.update(batch, noise, seed)
            for name, (expected, found) in reference.check(state, seed).items():
                assert_close(f"{name}, seed {seed}", expected, found)
        resting = {name for name in references[0].check(state, 0) if name.endswith(".target")}
        resting |= {"prior"} if getattr(references[0], "until", 3) <= number else set()
        for name in references[0].check(state, 0).keys() - resting:
            assert not torch.equal(leaf_of(before, name), leaf_of(state, name)), name
        if "prior" in resting:
            assert torch.equal(before.prior.params, state.prior.params)


@pytest.mark.parametrize("spec", SVG0)
def test_svg0(spec: str, tmp_path: Path) -> None:
    built = module_of(spec, tmp_path, WINDOWS)
    agent, draw = built.Agent(Array((3,)), 2), torch.Generator().manual_seed(5)
    state = start(agent)
    references = [SVG0[spec](state, seed) for seed in range(SEEDS)]
    agree(agent, references, state, lambda kind: batch_of(kind, built, draw))


ASCENTS = {
    "gradient = likelihood_ratio, samples = 4": ByDensity,
    "direction = forward, samples = 4": Forward,
    "direction = forward, samples = 4, proposal = pi_p": ForwardOfPrior,
}


@pytest.mark.parametrize("power", [1.0, 0.6])
@pytest.mark.parametrize("ascent", ASCENTS)
def test_other_ascents(ascent: str, power: float, tmp_path: Path) -> None:
    prior = (f"pi_p = default(hide = [1], power = {power})", "eta = 0.5", f"pi_q.update = sg({ascent})")
    built = module_of("svg0_prior", tmp_path, (*WINDOWS, *prior))
    agent, draw = built.Agent(Array((3,)), 2), torch.Generator().manual_seed(5)
    state = start(agent)
    references = [ASCENTS[ascent](state, seed, (1,), 0.5, power) for seed in range(SEEDS)]
    agree(agent, references, state, lambda kind: batch_of(kind, built, draw))


@pytest.mark.parametrize("name", SAC)
def test_sac(name: str, tmp_path: Path) -> None:
    spec, sets, make = SAC[name]
    networks = NETWORKS if name != "constant" else tuple(each for each in NETWORKS if "prior" not in each)
    built = module_of(ROOT / "examples" / f"{spec}.tx", tmp_path, (*networks, *sets))
    agent, draw = built.Agent(Array((3,)), 2), torch.Generator().manual_seed(5)
    state = start(agent)
    agree(agent, [make(state, seed) for seed in range(SEEDS)], state, lambda kind: batch_of(kind, built, draw))


CHOOSING = """taxon 1
import std.sac
algorithm choosing extends std.sac {
  pi_theta     = softmax(logits(s))
  pi_p         = default(hide = [1], power = 0.6)
  pi_p.update  = sg
  eta          = 0.2
  target.prior = true
  unset optimizer.dual
  unset network.policy.std
}
"""


def test_finitely_many_actions(tmp_path: Path) -> None:
    spec = tmp_path / "choosing.tx"
    spec.write_text(CHOOSING, encoding="utf-8")
    built = module_of(spec, tmp_path, NETWORKS, actions="discrete")
    agent, draw = built.Agent(Array((3,)), 3), torch.Generator().manual_seed(5)
    state = start(agent)
    references = [SacOfChoicesTowards(state, seed, 0.2, 0.6, (1,)) for seed in range(SEEDS)]

    def batches(kind: Any) -> Any:
        batch = batch_of(kind, built, draw)
        return batch._replace(action=some_actions(draw, SEEDS, 12, width=3, discrete=True))

    agree(agent, references, state, batches)


@pytest.mark.parametrize(
    ("sets", "kind", "power", "hidden"),
    [
        ((), "behaviour", 1.0, ()),
        (("pi_p = default(hide = [1], power = 0.3)",), "default", 0.3, (1,)),
    ],
)
def test_ppo(sets: tuple[str, ...], kind: str, power: float, hidden: tuple[int, ...], tmp_path: Path) -> None:
    """By the ratio of the actions taken: what is hidden leaves the observation after its normalisation."""
    small = ("data.environments = 3", "data.steps = 12", "data.batch = 12")
    built = module_of(ROOT / "examples" / "ppo_reference.tx", tmp_path, (*HIDDEN, *small, *sets))
    rounds = Rounds(built, "continuous")
    plain = [PpoTowards(rounds.state, seed, rounds.seen[seed], kind, 0.01, power, hidden) for seed in range(SEEDS)]
    rounds.collect()
    rounds.check_columns(plain, 0.95)
    rounds.state = move(rounds.state, "policy", 0.4, 0)
    for seed, reference in enumerate(plain):
        reference.actor.load(rounds.state.policy.params[seed])
    for _ in range(3):
        batch, before = rounds.batch("policy"), rounds.state
        rounds.update("policy", batch)
        for seed, reference in enumerate(plain):
            s, a = batch.observation[seed], batch.action[seed]
            reference.update_policy(s, a, batch.advantage[seed], Stored(batch.old_log_prob[seed]))
            assert_close(f"policy, seed {seed}", reference.actor.row(), rounds.state.policy.params[seed])
            assert_close(f"prior, seed {seed}", reference.prior_row(), rounds.state.prior.params[seed])
        assert not torch.equal(before.prior.params, rounds.state.prior.params)
    rounds.check_values(plain)
