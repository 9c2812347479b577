"""The ascents of a parametric posterior agree with their second derivations, in float64, to 1e-10."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from plain_ascent import ClassicSac, ExpectedGradients, ForwardOfChoices, FullMpo
from plain_replay import CHOICES
from reference import SEEDS, assert_close, double, generators, module_of, start
from test_reference_replay import steps
from test_reference_updates import batch_of
from tiny import CPU, build, leaf_of, leaves, row_of, same

from taxon.operators.observations import Array

EXAMPLES = Path(__file__).parents[2] / "examples"
NETWORKS = ("network.policy.hidden = [8, 6]", "network.value.hidden = [8, 6]", "data.batch = 12")
OF_WINDOWS = (
    *("network.policy.hidden = [8, 6]", "network.value.hidden = [9, 7]", "target.every = 2"),
    *("data.batch = 5", "data.sequences.length = 4"),
)
WINDOWS = (*OF_WINDOWS, "bounds = none")
TRAILING = (*NETWORKS, "pi_p = pi_q", "pi_p.update = pi_q", "G = Q[pi_p]", "target.policy = true", "eta = 0.3")
BY_DENSITY = "pi_q.update = sg(gradient = likelihood_ratio, samples = 5, centre = leave_one_out)"
UPDATES = {
    "mpo_parametric": ("mpo_parametric", WINDOWS, lambda state, seed: FullMpo(state, seed, "region")),
    "epg_retrace": ("epg_retrace", (*OF_WINDOWS, "bounds = none + clip"), ExpectedGradients),
    "forward_kl_prior": (
        EXAMPLES / "forward_kl_prior.tx",
        WINDOWS,
        lambda state, seed: FullMpo(state, seed, "weights"),
    ),
    "sac_forward_kl": ("sac_forward_kl", NETWORKS, lambda state, seed: ClassicSac(state, seed, "forward")),
    "sac_reverse_kl": ("sac_reverse_kl", NETWORKS, lambda state, seed: ClassicSac(state, seed, "reverse")),
    "several actions": (
        EXAMPLES / "sac_several_actions.tx",
        NETWORKS,
        lambda state, seed: ClassicSac(state, seed, "through", soft=True),
    ),
    "forward from a prior": (
        "sac",
        (*TRAILING, "pi_q.update = sg(direction = forward, samples = 5)"),
        lambda state, seed: ClassicSac(state, seed, "forward", old=True),
    ),
    "reverse from a prior": (
        "sac",
        (*TRAILING, BY_DENSITY),
        lambda state, seed: ClassicSac(state, seed, "reverse", old=True),
    ),
    "several from a prior": (
        "sac",
        (*TRAILING, "pi_q.update = sg(samples = 5)"),
        lambda state, seed: ClassicSac(state, seed, "through", old=True),
    ),
}


@pytest.mark.parametrize("name", UPDATES)
def test_three_updates(name: str, tmp_path: Path) -> None:
    spec, sets, make = UPDATES[name]
    built = build(row_of(spec, *sets), tmp_path)
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
            for field, (expected, found) in reference.check(state, seed).items():
                assert_close(f"{name} {field}, seed {seed}", expected, found)
        # an agreement of things that stand still would say nothing
        known = reference.check(state, 0)
        moved = {field for field in known if not torch.equal(leaf_of(before, field), leaf_of(state, field))}
        assert {field for field in known if not field.endswith(".target")} <= moved


def test_forward_over_finitely_many_actions(tmp_path: Path) -> None:
    sets = ("network.policy.hidden = [8, 6]", "network.value.hidden = [9, 7]", "data.batch = 12", "G = Q[pi_q]")
    agent = module_of(EXAMPLES / "forward_kl_discrete.tx", tmp_path, sets, "discrete").Agent(Array((3,)), CHOICES)
    (phase,) = agent.phases
    state, draw = start(agent), torch.Generator().manual_seed(5)
    references = [ForwardOfChoices(state, seed) for seed in range(SEEDS)]
    for number in range(1, 4):
        batch, before = steps(phase.batch, draw, CHOICES, True), state
        state, _ = phase.update(state, batch, phase.noise(generators(100 + number), CPU))
        for seed, reference in enumerate(references):
            reference.update(batch, seed)
            for field, (expected, found) in reference.check(state, seed).items():
                assert_close(f"{field}, seed {seed}", expected, found)
        assert not same(before.policy, state.policy)


MPO = """taxon 1
import std.mpo_onestep
algorithm {name} extends std.mpo_onestep {{
  {entries}
  eta        = 0.7
  bounds     = none
  G.estimate = td(0, samples = 3)
  data.batch = 12
  network.policy.hidden = [8, 6]
  network.value.hidden  = [9, 7]
  unset optimizer.dual
}}
"""
WEIGHED = ("pi_q.update = analytic(samples = 5, states = current)", "pi_p.update = sg(likelihood = joint)")
FITTED = (
    *("pi_q = pi_theta", "pi_p = pi_q", "pi_p.update = pi_q"),
    "pi_q.update = sg(direction = forward, samples = 5, proposal = pi_p)",
)


def test_forward_kl_at_its_priors_actions_has_the_weights_of_mpo(tmp_path: Path) -> None:
    """A trailing prior, its own actions, one temperature: the E-step's weights, and MPO's M-step without its bounds."""
    after = []
    for name, entries in (("weighed", WEIGHED), ("fitted", FITTED)):
        file = tmp_path / f"{name}.tx"
        file.write_text(MPO.format(name=name, entries="\n  ".join(entries)), encoding="utf-8")
        built = build(row_of(file), tmp_path)
        agent = built.Agent(Array((3,)), 2)
        batch = batch_of(agent.phases[0].batch, built, torch.Generator().manual_seed(5))
        state, _ = agent.update(start(agent), batch, double(agent.noise(generators(100), CPU)))
        after.append(state)
    one, other = after
    for field in ("policy", "critic"):
        for a, b in zip(leaves(getattr(one, field)), leaves(getattr(other, field)), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
