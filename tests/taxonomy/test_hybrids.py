"""Rows beside those of Table 1: choices of one algorithm in another, which the rules let through and no lint knows."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from strategies import hybrids_text

from taxon.semantics import check_file

PARENTS = ("mpo", "awac", "sac", "power", "rwr", "reps", "urex", "vmpo", "trpo", "ppo", "td3")

HYBRIDS = {
    "clip_and_entropy": ("ppo_clip", "pi_p = fixed, pi_p.update = fixed, G = A[pi_q], eta = 0.01"),
    "regression_on_rollouts": ("awr", "data = rollouts, pi_p.update = sg, G.estimate = gae(0.95)"),
    "regression_on_the_top_half": ("awr", "pi_q.update.keep = top_half"),
    "lambda_returns": ("mpo", "G.estimate = td(0.9), data = replay + episodes"),
    "drawn_actions_of_rollouts": ("mpo", "data = rollouts, G.estimate = td(0.9), target = copy(every = 100)"),
    "solved_temperature": ("mpo", "pi_q.update = analytic, eta = dual(kl = 0.1)"),
    "full_covariance": (
        "mpo",
        "pi_theta = normal(mean(s), cov(s), structure = full), "
        "pi_p.update = sg + trust_region(kl_mean = 1e-3, kl_cov = 1e-5)",
    ),
    "critic_regularised": ("awac", "pi_q.update = analytic(f = indicator), unset eta"),
    "soft_choices": ("sac", "pi_theta = softmax(logits(s)), eta.target = 0.5, unset network.policy.std"),
    "n_step_critic": ("td3", "G.estimate = n_step(3) + clipped_double, data = replay + sequences"),
    "trailing_prior": (
        "sac",
        "pi_p = pi_q, pi_p.update = pi_q, G = Q[pi_p], eta = 0.1, target.policy = true, unset optimizer.dual",
    ),
    "gradient_of_the_return": (
        "ppo_clip",
        "G = Q[pi_p], G.critic = none, G.estimate = td(1), gamma = 1, data = rollouts + restarts, "
        "unset optimizer.value",
    ),
    "projected_numbers": ("reps", "pi_theta = normal(mean(s), cov)"),
    "advantages_in_closed_form": ("power", "G = A[pi_p], G.estimate = gae(0.95), gamma = 0.99, unset G.critic"),
}


@pytest.mark.parametrize("name", HYBRIDS)
def test_a_hybrid_is_a_row(name: str, tmp_path: Path) -> None:
    parent, entries = HYBRIDS[name]
    path = tmp_path / "ours.tx"
    path.write_text(f"taxon 1\nimport std.{parent}\nalgorithm ours extends {parent} {{ {entries} }}\n", "utf-8")
    assert check_file(path) == []


def test_many_choices_over_finitely_many_actions(tmp_path: Path) -> None:
    """The Gaussian's bounds give way to one."""
    path = tmp_path / "ours.tx"
    path.write_text(
        "taxon 1\nimport std.mpo\nalgorithm ours extends mpo {\n"
        "  pi_theta = softmax(logits(s))\n"
        "  pi_q.update = analytic + trust_region(kl = 0.1)\n"
        "  pi_p.update = sg + trust_region(kl = 1e-2)\n"
        "  G.estimate = retrace(1)\n"
        "  unset bounds\n  unset network.policy.std\n}\n",
        "utf-8",
    )
    assert check_file(path) == []


@settings(max_examples=100, deadline=None)
@given(text=hybrids_text(PARENTS))
def test_every_hybrid_is_answered(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A rule reads only what the row has: what was found says a way out, and is found once."""
    path = tmp_path_factory.mktemp("drawn") / "drawn.tx"
    (parent,) = re.findall(r"extends (std\.\w+)", text)
    path.write_text(text.replace("taxon 1", f"taxon 1\nimport {parent}", 1), "utf-8")
    found = check_file(path)
    assert len({(each.code.id, each.message) for each in found}) == len(found)
    assert all(each.help for each in found if each.code.id.startswith(("TX3", "TX5")))
