"""TX4xx: the policy's actions against those of the environment."""

import re
from pathlib import Path
from typing import Literal

import pytest

from taxon.semantics import load_spec
from taxon.taxonomy.rules import check_environment
from taxon.taxonomy.schema import Row


def row_of(spec: str, *sets: str) -> Row:
    row = load_spec(spec, sets).row
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("spec", "actions"),
    [("mpo", "continuous"), ("sac", "continuous"), ("ddpg", "continuous"), ("reps", "discrete"), ("urex", "discrete")],
)
def test_actions_that_fit(spec: str, actions: Literal["continuous", "discrete"]) -> None:
    assert check_environment(row_of(spec), "Some-v1", actions, 2, 3) == []


@pytest.mark.parametrize("spec", ["mpo", "sac", "ddpg"])
def test_numbers_for_a_choice(spec: str) -> None:
    (found,) = check_environment(row_of(spec), "CartPole-v1", "discrete", 2, 3)
    assert found.code.id == "TX401"
    assert found.message == "`CartPole-v1` has finitely many actions, and `pi_theta` gives numbers"
    assert found.help.startswith("write `pi_theta = softmax(logits(s))`")
    assert found.primary is not None


def test_a_choice_for_numbers() -> None:
    (found,) = check_environment(row_of("reps"), "Hopper-v5", "continuous", 3, 3)
    assert found.message == "`Hopper-v5` takes numbers as its action, and a softmax chooses among finitely many"
    assert found.primary is not None
    assert found.primary.text == "softmax(logits(s))"


def test_the_help_names_what_a_softmax_has_no_use_for() -> None:
    (found,) = check_environment(row_of("mpo"), "CartPole-v1", "discrete", 2, 3)
    stale = ["bounds", "network.policy.std", "pi_p.update.likelihood", "pi_p.update.trust_region.kl_mean"]
    assert all(f"`{path}`" in found.help for path in stale)
    assert "network.policy.mean" not in found.help  # the default: nobody said it


@pytest.mark.parametrize("spec", ["vmpo", "trpo", "ppo", "ppo_clip", "reps", "urex"])
@pytest.mark.parametrize("actions", ["continuous", "discrete"])
def test_specs_with_a_condition_on_the_actions_fit_both(spec: str, actions: Literal["continuous", "discrete"]) -> None:
    resolution = load_spec(spec, env="Some-v1", actions=actions)
    assert resolution.diagnostics == []
    assert resolution.row is not None
    assert check_environment(resolution.row, "Some-v1", actions, 2, 3) == []


def discrete_sac(target: str) -> Row:
    """The shipped spec for numbers, turned to a choice, with a target entropy."""
    row = load_spec(Path(__file__).parents[2] / "examples" / "sac_discrete.tx", [f"eta.target={target}"]).row
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("target", "size", "codes"),
    [
        ("0.69", 2, []),  # ln 2 = 0.6931...
        ("0.6931471805599453", 2, []),
        ("0.694", 2, ["TX402"]),
        ("0.694", 3, []),
        ("1.1", 3, ["TX402"]),
        ("0", 1, []),
        ("0.1", 1, ["TX402"]),
    ],
)
def test_an_entropy_that_finitely_many_actions_can_have(target: str, size: int, codes: list[str]) -> None:
    found = check_environment(discrete_sac(target), "Some-v1", "discrete", size, 3)
    assert [each.code.id for each in found] == codes


def test_the_help_names_a_target_within_reach() -> None:
    for size in (2, 3, 6, 18, 1000):
        (found,) = check_environment(discrete_sac("9"), "Some-v1", "discrete", size, 3)
        assert f"ln {size} = " in found.message
        named = re.search(r"`eta.target = ([0-9.]+)`", found.help)
        assert named is not None
        assert check_environment(discrete_sac(named[1]), "Some-v1", "discrete", size, 3) == []
    (found,) = check_environment(discrete_sac("9"), "Some-v1", "discrete", 1, 3)
    assert found.help == "give `eta` a number"


def test_a_density_may_have_any_entropy() -> None:
    assert check_environment(row_of("sac", "eta.target=100"), "Some-v1", "continuous", 1, 3) == []
