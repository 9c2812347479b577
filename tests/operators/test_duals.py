"""A multiplier at its floor, or its ceiling, comes back when its constraint asks for it."""

import math

import pytest
import torch
from torch import Tensor
from torch.func import grad

from taxon.operators.duals import entropy_dual, lagrange_dual, positive, project, project_log
from taxon.operators.e_step import categorical_dual, temperature_dual
from taxon.operators.optimisers import adam, trained
from taxon.operators.policy_gradient import adapt_coefficient

EPSILON = 0.1


def updates_until(raw: Tensor, dual, hold, reached, most: int = 5000) -> tuple[Tensor, int]:
    """The free parameter [1, 1] after as many steps of Adam as `reached` asks for, and their number."""
    own = trained(raw)
    for count in range(1, most):
        own = adam(own, grad(lambda x: dual(x).sum())(own.params), 0.1, torch.tensor([count]))
        own = own._replace(params=hold(own.params))
        if reached(own.params):
            return own.params, count
    raise AssertionError(f"still at {own.params.item()} after {most} updates")


def lagrange(kl: float):
    return lambda raw: lagrange_dual(positive(raw), EPSILON, torch.full((1, 1), kl))


def test_a_multiplier_falls_to_the_floor_and_comes_back() -> None:
    start = torch.full((1, 1), -16.0)
    low, _ = updates_until(start, lagrange(0.0), project, lambda raw: bool(raw == -18))
    updates_until(low, lagrange(2 * EPSILON), project, lambda raw: bool(raw >= 1), 200)


@pytest.mark.parametrize("spread", [1e-3, 1.0, 30.0, 300.0])
def test_a_temperature_comes_back_from_the_floor(spread: float) -> None:
    """At the floor the weights are those of the best action alone, whose divergence log M is far above the bound."""
    score = spread * torch.randn(1, 20, 64, generator=torch.Generator().manual_seed(0))

    def dual(raw: Tensor) -> Tensor:
        return temperature_dual(score, positive(raw), EPSILON, 1)

    raw, _ = updates_until(torch.full((1, 1), -18.0), dual, project, lambda raw: bool(positive(raw) > 0.5 * spread))
    assert torch.isfinite(raw).all()


@pytest.mark.parametrize("end", [-18.0, 18.0])
def test_an_entropy_temperature_turns_at_both_ends(end: float) -> None:
    outward, inward = (torch.full((1, 8), math.copysign(9.0, sign * end)) for sign in (1, -1))

    def dual(log_prob: Tensor):
        return lambda raw: entropy_dual(raw.exp(), log_prob, 0.0)

    ended, _ = updates_until(torch.full((1, 1), 0.9 * end), dual(outward), project_log, lambda raw: bool(raw == end))
    updates_until(ended, dual(inward), project_log, lambda raw: bool(raw.abs() < 17), 100)


@pytest.mark.parametrize("eta", [1e-7, 1e-3, 1.0, 1e3])
def test_a_dual_s_slope_is_exact_at_any_temperature(eta: float) -> None:
    """Against float64: the slope is epsilon - KL, not what rounding leaves of scores over eta."""
    generator = torch.Generator().manual_seed(0)
    score = 30 + 10 * torch.randn(1, 20, 64, generator=generator)
    prior = torch.log_softmax(torch.randn(1, 64, 5, generator=generator), -1)
    values = 30 + 10 * torch.randn(1, 64, 5, generator=generator)
    at = torch.full((1, 1), eta)
    for dual in (
        lambda x, wide: temperature_dual(score.to(wide), x, EPSILON, 1),
        lambda x, wide: categorical_dual(prior.to(wide), values.to(wide), x, EPSILON),
    ):
        slope = grad(lambda x, dual=dual: dual(x, torch.float32).sum())(at)
        exact = grad(lambda x, dual=dual: dual(x, torch.float64).sum())(at.double())
        torch.testing.assert_close(slope, exact.float(), rtol=1e-4, atol=1e-6)


def test_projections_hold_the_parameter_and_pass_nan() -> None:
    raw = torch.tensor([-19.0, -18.0, 3.0, 40.0])
    assert project(raw).tolist() == [-18.0, -18.0, 3.0, 40.0]
    assert project_log(raw).tolist() == [-18.0, -18.0, 3.0, 18.0]
    assert project(torch.tensor([math.nan])).isnan().all()


def test_a_penalty_comes_back_from_many_quiet_and_many_loud_rounds() -> None:
    coefficient = torch.ones(2)
    for _ in range(1100):  # 2^-1100 is no number of any width
        coefficient = adapt_coefficient(coefficient, torch.tensor([0.0, 1.0]), 0.01, 1.5, 2.0)
    torch.testing.assert_close(coefficient, torch.tensor([1e-8, 1e8]))
    for _ in range(27):
        coefficient = adapt_coefficient(coefficient, torch.tensor([1.0, 0.0]), 0.01, 1.5, 2.0)
    assert coefficient[0] > 1
    assert coefficient[1] < 1
