"""A round's padding takes no part: changed to any numbers, it changes no update that reads all of the round."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import build, leaves, loop_of, row_of

from taxon.runtime.agent import map_state

PADDED = ("data = rollouts(environments = 4, steps = 8, batch = 8) + restarts", "data.value_epochs = 1")
SOLVED = ("G.fit = regression", "G.estimate = gae(0.9)", *PADDED)
EVERY = ("G = Q[pi_p]", "G.estimate = td(0)", "pi_q.update = analytic", *PADDED)
EPISODES = ("pi_theta = normal(mean(s), cov(s))", "data.environments = 4", "data.steps = 8", "data.restarts.group = 2")
ROWS = {
    "a solved temperature": ("reps", SOLVED, (), "continuous"),
    "the upper half": ("reps", (*SOLVED, "pi_q.update.keep = top_half"), (), "continuous"),
    "a trust region": (
        "reps",
        (*SOLVED, "pi_q.update = analytic(normalise = batch) + trust_region(kl = 0.2)"),
        ("eta",),
        "continuous",
    ),
    "a clipped mean of one": (
        "reps",
        (*SOLVED, "eta = 1", "pi_q.update.normalise = batch", "pi_q.update.clip = 1"),
        (),
        "continuous",
    ),
    "a standardised score": ("reps", (*SOLVED, "pi_q.update.standardise = true"), (), "continuous"),
    "the indicator": (
        "reps",
        (*SOLVED, "pi_q.update = analytic(f = indicator, normalise = batch, clip = 1)"),
        ("eta",),
        "continuous",
    ),
    "a shifted score": (
        "power",
        (
            *("G.critic = online", "G.estimate = td(0)", "gamma = 0.99", "G.transform = shift"),
            *("pi_p.update = analytic(ridge = 1e-3) + mixture", "network.value.hidden = [8, 6]"),
            "data = replay(batch = 4, warmup = 23, steps_per_update = 10, capacity = 60) + episodes(value_updates = 2)",
        ),
        (),
        "continuous",
    ),
    "every action": ("reps", EVERY, ("G.fit",), "discrete"),
    "quadratic bounds": ("urex", ("bounds = quadratic(weight = 10)", *EPISODES), (), "continuous"),
    "penalised bounds": ("urex", ("bounds = penalty", *EPISODES), (), "continuous"),
}


@pytest.mark.parametrize("name", ROWS)
def test_padding_changes_nothing(name: str, tmp_path: Path) -> None:
    spec, sets, unsets, actions = ROWS[name]
    built = build(row_of(spec, *sets, actions=actions, unsets=unsets), tmp_path)
    loop = loop_of(built, (3, 4))
    seen = []
    phase = next(phase for phase in loop.phases if phase.name == "policy")

    def update(state, batch, noise):
        drawn = torch.Generator().manual_seed(5)

        def filled(leaf):
            """With other numbers where there is padding; it stays 0 in what says so."""
            if leaf is batch.valid:
                return leaf
            padded = (batch.valid == 0).reshape(*batch.valid.shape, *(1 for _ in leaf.shape[2:]))
            return torch.where(padded, torch.randn(leaf.shape, generator=drawn), leaf)

        one, metrics = phase.update(state, batch, noise)
        other, _ = phase.update(state, map_state(filled, batch), noise)
        seen.append((batch.valid.mean().item(), leaves(one), leaves(other)))
        return one, metrics

    loop.phases = tuple(each._replace(update=update) if each is phase else each for each in loop.phases)
    while len(seen) < 2:
        loop.step()
    for valid, one, other in seen:
        assert 0 < valid < 1
        for a, b in zip(one, other, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
