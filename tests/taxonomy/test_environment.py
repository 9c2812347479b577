"""TX401: the policy's actions against those of the environment."""

from typing import Literal

import pytest

from taxon.semantics import load_spec
from taxon.taxonomy.row import Row
from taxon.taxonomy.rules import check_environment


def row_of(spec: str, *sets: str) -> Row:
    row = load_spec(spec, sets).row
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("spec", "actions"),
    [("mpo", "continuous"), ("sac", "continuous"), ("ddpg", "continuous"), ("reps", "discrete"), ("urex", "discrete")],
)
def test_actions_that_fit(spec: str, actions: Literal["continuous", "discrete"]) -> None:
    assert check_environment(row_of(spec), "Some-v1", actions) == []


@pytest.mark.parametrize("spec", ["mpo", "sac", "ddpg"])
def test_numbers_for_a_choice(spec: str) -> None:
    (found,) = check_environment(row_of(spec), "CartPole-v1", "discrete")
    assert found.code.id == "TX401"
    assert found.message == "`CartPole-v1` has finitely many actions, and `pi_theta` gives numbers"
    assert found.help.startswith("write `pi_theta = softmax(logits(s))`")
    assert found.primary is not None


def test_a_choice_for_numbers() -> None:
    (found,) = check_environment(row_of("reps"), "Hopper-v5", "continuous")
    assert found.message == "`Hopper-v5` takes numbers as its action, and a softmax chooses among finitely many"
    assert found.primary is not None
    assert found.primary.text == "softmax(logits(s))"


def test_the_help_names_what_a_softmax_has_no_use_for() -> None:
    (found,) = check_environment(row_of("mpo"), "CartPole-v1", "discrete")
    stale = ["bounds", "network.policy.std", "pi_p.update.likelihood", "pi_p.update.trust_region.kl_mean"]
    assert all(f"`{path}`" in found.help for path in stale)
    assert "network.policy.mean" not in found.help  # the default: nobody said it


@pytest.mark.parametrize("spec", ["vmpo", "trpo", "ppo", "ppo_clip", "reps", "urex"])
@pytest.mark.parametrize("actions", ["continuous", "discrete"])
def test_specs_with_a_condition_on_the_actions_fit_both(spec: str, actions: Literal["continuous", "discrete"]) -> None:
    resolution = load_spec(spec, env="Some-v1", actions=actions)
    assert resolution.diagnostics == []
    assert resolution.row is not None
    assert check_environment(resolution.row, "Some-v1", actions) == []
