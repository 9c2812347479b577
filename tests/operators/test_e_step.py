import math

import torch
from torch.func import grad

from taxon.operators.e_step import (
    batch_weights,
    clip_weights,
    exponential,
    exponential_weights,
    softmax_weights,
    standardise,
    temperature_dual,
)

# Four actions, two states: [S = 1, M = 4, B = 2].
Q = torch.tensor([[[1.0, 0.0], [2.0, 0.5], [0.0, -1.0], [-1.0, 3.0]]], dtype=torch.float64)
ADVANTAGE = torch.tensor([[1.0, -1.0, 0.5, 4.0]], dtype=torch.float64)


def eta(value):
    return torch.tensor([value], dtype=torch.float64)


def close(actual, expected, atol=1e-6):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


def test_per_state_weights_and_dual_golden():
    expected = [[0.268475, 0.097105], [0.522917, 0.135522], [0.137839, 0.049856], [0.070769, 0.717517]]
    weights = softmax_weights(Q, eta(1.5), 1)
    close(weights[0], expected)
    close(temperature_dual(Q, eta(1.5), 0.1, 1), [1.3057764], 1e-7)
    slope = grad(lambda e: temperature_dual(Q, e, 0.1, 1).sum())(eta(1.5))
    close(slope, [-0.2674813], 1e-7)
    kl = (weights * (weights * 4).log()).sum(1).mean(-1)
    close(slope, 0.1 - kl, 1e-12)


def test_the_dual_is_stationary_where_the_constraint_is_met():
    close(temperature_dual(Q, eta(3.0263228), 0.1, 1), [1.1615833], 1e-7)
    close(grad(lambda e: temperature_dual(Q, e, 0.1, 1).sum())(eta(3.0263228)), [0.0], 1e-8)
    weights = softmax_weights(Q, eta(3.0263228), 1)
    close((weights * (weights * 4).log()).sum(1), [[0.065215, 0.134785]])


def test_a_constant_score_moves_the_dual_and_not_the_weights():
    close(temperature_dual(Q + 7, eta(1.5), 0.1, 1), temperature_dual(Q, eta(1.5), 0.1, 1) + 7, 1e-12)
    close(softmax_weights(Q + 7, eta(1.5), 1), softmax_weights(Q, eta(1.5), 1), 1e-15)


def test_batch_dual_has_one_logarithm():
    expected = 1.5 * (0.1 + math.log(sum(math.exp(x / 1.5) for x in (1.0, -1.0, 0.5, 4.0)) / 4))
    close(temperature_dual(ADVANTAGE, eta(1.5), 0.1, -1), [expected], 1e-12)


def test_out_of_bounds_weights_golden():
    cost = torch.tensor([[[0.0], [-0.3], [-0.5385165]]], dtype=torch.float64)
    close(softmax_weights(cost, eta(1.3132617), 1)[0, :, 0], [0.4066057, 0.3235666, 0.2698277])
    close(temperature_dual(cost, eta(1.3132617), 1e-3, 1), [-0.2596330])


def test_categorical_weights_golden():
    q = torch.tensor([[[1.0], [2.0], [0.0]]], dtype=torch.float64)
    close(softmax_weights(q, 0.5, 1)[0, :, 0], [0.117310, 0.866813, 0.015876])
    close(temperature_dual(q, eta(0.5), 0.1, 1), [1.5721597])


def test_batch_weights_golden():
    weights = batch_weights(ADVANTAGE, 1.0)
    close(weights, [[0.183256, 0.024801, 0.111150, 3.680793]])
    close(weights.mean(-1), [1.0], 1e-15)


def test_standardised_exponential_weights_golden():
    standardised = standardise(ADVANTAGE)
    close(standardised, [[-0.068842, -1.170322, -0.344212, 1.583377]])
    close(exponential_weights(standardised, 1.0, 20.0), [[0.933474, 0.310267, 0.708778, 4.871377]], 2e-6)


def test_standardise_ignores_invalid_entries():
    valid = torch.tensor([[1.0, 1.0, 1.0, 1.0, 0.0]], dtype=torch.float64)
    padded = torch.cat([ADVANTAGE, torch.full((1, 1), 1e6, dtype=torch.float64)], -1)
    close(standardise(padded, valid)[:, :4], standardise(ADVANTAGE), 1e-12)


def test_long_rows_keep_their_statistics():
    x = torch.randn(2, 50_001, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3 + 5
    close(standardise(x, eps=0.0), (x - x.mean(-1, keepdim=True)) / x.std(-1, correction=0, keepdim=True), 1e-10)


def test_clipped_exponential_does_not_overflow():
    score = torch.tensor([[1000.0, -1000.0, 0.0, math.log(19.0), 3.0]])
    weights = exponential_weights(score, 1.0, 20.0)
    torch.testing.assert_close(weights, torch.tensor([[20.0, 0.0, 1.0, 19.0, 20.0]]))
    assert weights.max() <= 20
    assert exponential(score, 1.0)[0, 0] == math.inf
    torch.testing.assert_close(clip_weights(exponential(score, 1.0), 20.0), weights)


def test_eta_belongs_to_its_seed():
    two = Q.expand(2, 4, 2)
    both = softmax_weights(two, torch.tensor([1.5, 3.0], dtype=torch.float64), 1)
    close(both[1:], softmax_weights(Q, eta(3.0), 1), 0)
    row = softmax_weights(two, torch.tensor([[1.5], [3.0]], dtype=torch.float64), 1)
    assert torch.equal(row, both)
    dual = temperature_dual(two, torch.tensor([1.5, 3.0], dtype=torch.float64), 0.1, 1)
    close(dual[1:], temperature_dual(Q, eta(3.0), 0.1, 1), 0)


def test_weights_and_dual_send_no_gradient_to_the_score():
    for weights in (
        lambda q, e: softmax_weights(q, e, 1),
        lambda q, e: batch_weights(q[:, :, 0], e),
        lambda q, e: exponential_weights(q, e, 20.0),
        exponential,
    ):
        gradients = grad(lambda q, e, w=weights: w(q, e).square().sum(), (0, 1))(Q, eta(1.5))
        assert all(not g.any() for g in gradients)
    assert not grad(lambda q: temperature_dual(q, eta(1.5), 0.1, 1).sum())(Q).any()
