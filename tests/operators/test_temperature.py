import math

import pytest
import torch
from scipy.optimize import minimize_scalar

from taxon.operators.categorical import log_probabilities
from taxon.operators.e_step import categorical_dual, categorical_weights, softmax_weights, temperature_dual, top_half
from taxon.operators.temperature import categorical_solved_temperature, solved_temperature

Q = torch.tensor([[[1.0, 0.0], [2.0, 0.5], [0.0, -1.0], [-1.0, 3.0]]], dtype=torch.float64)


def close(actual, expected, atol=1e-6, rtol=0.0):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=rtol)


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def minimised(dual):
    """Brent's method on the dual's value, which knows nothing of its slope: accurate to about 1e-7 in log eta."""

    def value(log_eta):
        return dual(torch.tensor([math.exp(log_eta)], dtype=torch.float64)).item()

    return math.exp(minimize_scalar(value, bracket=(-1.0, 1.0), options={"xtol": 1e-10}).x)


def test_golden():
    eta = solved_temperature(Q, 0.1, 1)
    close(eta, [3.0263228], 1e-7)
    close(temperature_dual(Q, eta, 0.1, 1), [1.1615833], 1e-7)


def test_gaussian_bandit_golden():
    action = torch.special.ndtri((torch.arange(200_001, dtype=torch.float64) + 0.5) / 200_001)
    score = -0.5 * (action - 2).square().reshape(1, -1, 1)
    close(solved_temperature(score, 0.1, 1), [3.7868342], 0, 1e-3)
    close(solved_temperature(score, 0.01, 1), [14.0388372], 0, 1e-3)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])
@pytest.mark.parametrize("kl", [0.5, 0.1, 0.002])
def test_against_a_minimiser_of_the_dual(scale, kl):
    states, batch = scale * randn(3, 6, 5), scale * randn(3, 40, seed=1)
    mask = top_half(batch)
    prior, score = log_probabilities(randn(3, 7, 4, seed=2)), scale * randn(3, 7, 4, seed=3)
    solved = (
        solved_temperature(states, kl, 1),
        solved_temperature(batch, kl, -1),
        solved_temperature(batch, kl, -1, mask),
        categorical_solved_temperature(prior, score, kl),
    )
    for k in range(3):
        one = slice(k, k + 1)
        # In units of the score, where the bracket lies.
        duals = (
            lambda e, i=one: temperature_dual(states[i] / scale, e, kl, 1),
            lambda e, i=one: temperature_dual(batch[i] / scale, e, kl, -1),
            lambda e, i=one: temperature_dual(batch[i] / scale, e, kl, -1, mask[i]),
            lambda e, i=one: categorical_dual(prior[i], score[i] / scale, e, kl),
        )
        for eta, dual in zip(solved, duals, strict=True):
            assert eta.shape == (3,)
            assert eta[k].item() / scale == pytest.approx(minimised(dual), rel=2e-6)


def test_the_constraint_is_met():
    score = 5 * randn(4, 20, 30)
    weights = softmax_weights(score, solved_temperature(score, 0.1, 1), 1)
    close((weights * (20 * weights).log()).sum(1).mean(-1), [0.1] * 4, 1e-10)
    batch = randn(4, 31)
    mask = top_half(batch)
    weights = softmax_weights(batch, solved_temperature(batch, 0.1, -1, mask), -1, mask)
    close(torch.xlogy(weights, 15 * weights).sum(-1), [0.1] * 4, 1e-10)
    prior = log_probabilities(randn(4, 9, 3, seed=1))
    score = randn(4, 9, 3, seed=2)
    weights = categorical_weights(prior, score, categorical_solved_temperature(prior, score, 0.1))
    close((weights * (weights.log() - prior)).sum(-1).mean(-1), [0.1] * 4, 1e-10)


def test_the_temperature_scales_with_the_score_and_ignores_its_origin():
    eta = solved_temperature(Q, 0.1, 1)
    close(solved_temperature(100 * Q + 7, 0.1, 1), 100 * eta, 1e-8)


def test_single_precision_keeps_a_small_bound():
    score = randn(2, 1000).float()
    eta = solved_temperature(score, 1e-5, -1)
    assert eta.dtype == torch.float32
    close(eta, solved_temperature(score.double(), 1e-5, -1).float(), 0, 2e-7)
    # The weights tilt linearly here: KL is half the variance of score / eta.
    close(eta, (score.double().var(-1, correction=0) / 2e-5).sqrt().float(), 0, 1e-2)


def test_out_of_reach_the_temperature_stays_at_its_bounds():
    assert solved_temperature(torch.zeros(1, 8), 0.1, -1).item() == pytest.approx(1e-6)
    # Three kept of six: no weights are further than log 3 from uniform.
    score = torch.tensor([[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]])
    assert solved_temperature(score, 1.2, -1, top_half(score)).item() == pytest.approx(1e-6)
    assert solved_temperature(score, 1.2, -1).item() > 0.1
    assert solved_temperature(1e9 * score, 0.1, -1).item() == pytest.approx(1e6)
