import math

import torch
from torch.func import grad

from taxon.operators.transforms import adapt_beta, adaptive_weights, positive_weights, shifted

VALUE = torch.tensor([[4.0, 3.0, 2.0, 0.0]], dtype=torch.float64)  # costs 0, 1, 2, 4
ONE = torch.ones(1, dtype=torch.float64)


def close(actual, expected, atol=1e-6):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


def test_adaptive_transform_golden():
    weights = adaptive_weights(VALUE, ONE)
    close(weights, [[1.0, 0.367879, 0.135335, 0.018316]])
    close(adapt_beta(weights, VALUE), [2.1375435])
    close(adapt_beta(7 * weights, VALUE), [2.1375435])


def test_beta_is_stationary_for_fixed_weights():
    weights = adaptive_weights(VALUE, 0.3 * ONE)
    beta = adapt_beta(weights, VALUE)
    cost = VALUE.amax() - VALUE + 1e-8
    close(grad(lambda b: (weights * (b.log() - b * cost)).sum())(beta), [0.0], 1e-12)


def test_weights_are_the_density_of_an_exponential_distribution():
    value = -torch.linspace(0, 100, 100_001, dtype=torch.float64).unsqueeze(0)
    close(torch.trapezoid(adaptive_weights(value, 0.5 * ONE), dx=1e-3), [1.0], 1e-6)


def test_a_constant_moves_nothing():
    close(adaptive_weights(VALUE - 1000, ONE), adaptive_weights(VALUE, ONE), 1e-12)


def test_padding_has_no_say():
    valid = torch.tensor([[1.0, 1.0, 1.0, 1.0, 0.0, 0.0]], dtype=torch.float64)
    padded = torch.cat([VALUE, torch.tensor([[1e6, -1e6]], dtype=torch.float64)], -1)
    weights = adaptive_weights(padded, ONE, valid)
    assert torch.equal(weights, torch.nn.functional.pad(adaptive_weights(VALUE, ONE), (0, 2)))
    close(adapt_beta(weights, padded, valid), adapt_beta(weights[:, :4], VALUE), 1e-12)
    assert torch.equal(shifted(padded - 2, valid), torch.nn.functional.pad(shifted(VALUE - 2), (0, 2)))


def test_shifted_values_start_at_zero():
    close(shifted(torch.tensor([[-3.0, 1.0], [5.0, 4.0]])), [[0.0, 4.0], [1.0, 0.0]], 0)


def test_a_negative_value_has_no_logarithm():
    weights = positive_weights(torch.tensor([[0.0, 2.0, -1e-6, math.inf]]))
    assert weights[0, [0, 1, 3]].tolist() == [0.0, 2.0, math.inf]
    assert weights[0, 2].isnan()


def test_no_gradient_passes():
    for f in (lambda v: adaptive_weights(v, ONE), lambda v: adapt_beta(v, v), shifted, positive_weights):
        assert not grad(lambda v, f=f: f(v).square().sum())(VALUE).any()
    assert not grad(lambda b: adaptive_weights(VALUE, b).sum())(ONE).any()


def test_a_seed_alone_equals_itself_among_others():
    value = torch.randn(5, 4097, generator=torch.Generator().manual_seed(0))
    beta = torch.linspace(0.5, 2, 5)
    weights = adaptive_weights(value, beta)
    following = adapt_beta(weights, value)
    for k in range(5):
        one, alone = slice(k, k + 1), value[k : k + 1].clone()
        assert torch.equal(weights[one], adaptive_weights(alone, beta[one]))
        assert torch.equal(following[one], adapt_beta(weights[one].clone(), alone))
