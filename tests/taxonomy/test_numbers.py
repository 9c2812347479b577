"""Lints on numbers: that they fire where a row cannot train, and only there."""

import math

import pytest

from taxon.semantics import load_spec


def codes(spec: str, *sets: str, actions: str | None = None) -> set[str]:
    resolution = load_spec(spec, sets, actions=actions)
    assert resolution.row is not None, resolution.diagnostics
    return {found.code.id for found in resolution.diagnostics}


def needed(outer: float, inner: float) -> float:
    return math.sqrt(outer / inner)


@pytest.mark.parametrize(("outer", "inner"), [(0.1, 1e-3), (0.1, 1e-6), (0.01, 1e-6), (0.5, 1e-2)])
def test_the_multiplier_that_is_counted_on_holds_the_bound(outer: float, inner: float) -> None:
    """For every N(m, v) whose divergence from N(0, 1) is the E-step's bound, by the M-step's optimum in closed form.

    min -m mu + (1 + alpha) mu^2 / 2 gives mu = m / (1 + alpha), and sigma^2 = (v + m^2 + alpha) / (1 + alpha).
    """
    alpha = needed(outer, inner)
    worst = {"mean": 0.0, "cov": 0.0}
    for step in range(1, 400):
        v = step / 100
        square = 2 * outer + 1 - v + math.log(v)
        if square < 0:
            continue
        variance = (v + square + alpha) / (1 + alpha)
        worst["mean"] = max(worst["mean"], 0.5 * square / (1 + alpha) ** 2)
        worst["cov"] = max(worst["cov"], 0.5 * (math.log(variance) + 1 / variance - 1))
    for part, divergence in worst.items():
        assert inner / 4 < divergence < 4 * inner, part


@pytest.mark.parametrize("actions", ["continuous", "discrete"])
@pytest.mark.parametrize("spec", ["mpo", "mpo_onestep", "vmpo"])
def test_a_shipped_trust_region_can_bind_within_a_run(spec: str, actions: str) -> None:
    assert "TX510" not in codes(spec, actions=actions)


@pytest.mark.parametrize(
    ("sets", "found"),
    [
        (("optimizer.dual.lr = 1e-4",), True),
        (("optimizer.dual.lr = 1e-4", "data.steps_per_update = 1", "data.updates = 8"), False),
        (("data.steps_per_update = 1000",), True),
        (("data.steps_per_update = 1000", "pi_p.update.trust_region.init_cov = 316"), False),
        (("optimizer.dual = sgd(lr = 1e-4)",), False),  # its step is the gradient's, which is not known
        (("optimizer.dual.lr = linear(1e-2, 1e-4, over = 1M)",), False),
    ],
)
def test_a_bound_that_cannot_bind(sets: tuple[str, ...], found: bool) -> None:
    assert ("TX510" in codes("mpo", *sets)) == found


@pytest.mark.parametrize(
    ("spec", "sets", "found"),
    [
        ("sac", ("optimizer.policy.lr = linear(3e-4, 1e-12, over = 1M)",), False),
        ("sac", ("optimizer.policy.lr = linear(1e-10, 1e-12, over = 1M)",), True),
        ("sac", ("optimizer.value.lr = 1",), False),
        ("sac", ("optimizer.value.lr = 1.1",), True),
        ("awr", ("optimizer.value.lr = 1.1",), False),
        ("sac", ("target.tau = 1",), False),
    ],
)
def test_rates_that_do_not_train(spec: str, sets: tuple[str, ...], found: bool) -> None:
    assert ("TX508" in codes(spec, *sets)) == found


def test_an_entropy_is_bounded_behind_tanh_alone() -> None:
    assert "TX509" not in codes("sac", "eta.target = 0.6")
    assert "TX509" in codes("sac", "eta.target = 0.7")
    assert "TX509" not in codes("sac_notanh", "eta.target = 0.7")
