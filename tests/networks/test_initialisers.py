import math

import pytest
import torch

from taxon.networks.initialisers import fan_in_uniform, uniform_init, variance_scaling, xavier_uniform, zeros

FAN_IN, FAN_OUT = 300, 200


def draw(initialiser):
    return initialiser(FAN_IN, FAN_OUT, torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("initialiser", "bound"),
    [
        (xavier_uniform(), math.sqrt(6 / 500)),
        (xavier_uniform(1e-2), 1e-2 * math.sqrt(6 / 500)),
        (uniform_init(0.01), 0.01),
        (variance_scaling(0.333, "fan_out", "uniform"), math.sqrt(3 * 0.333 / 200)),
    ],
)
def test_uniform_weights(initialiser, bound):
    weights = draw(initialiser)
    assert weights.shape == (FAN_IN, FAN_OUT)
    assert weights.abs().max() <= bound
    assert weights.abs().max() > 0.999 * bound
    assert abs(weights.mean()) < 0.02 * bound
    assert abs(weights.var() / (bound**2 / 3) - 1) < 0.03


@pytest.mark.parametrize("distribution", ["uniform", "normal", "truncated_normal"])
@pytest.mark.parametrize(("mode", "fan"), [("fan_in", 300), ("fan_out", 200), ("fan_avg", 250)])
def test_variance_scaling(distribution, mode, fan):
    weights = draw(variance_scaling(0.5, mode, distribution))
    assert abs(weights.var() / (0.5 / fan) - 1) < 0.03


def test_truncated_normal_is_cut_at_two_deviations():
    weights = draw(variance_scaling(1.0, "fan_in", "truncated_normal")) * math.sqrt(FAN_IN)
    cut = 2 / 0.87962566103423978  # the deviation of a standard normal cut at +-2
    assert weights.abs().max() <= cut + 1e-5
    assert weights.abs().max() > 0.99 * cut
    assert draw(variance_scaling(1.0, "fan_in", "normal")).abs().max() * math.sqrt(FAN_IN) > cut


def test_biases():
    assert torch.equal(draw(zeros), torch.zeros(FAN_OUT))
    bias = draw(fan_in_uniform)
    bound = 1 / math.sqrt(FAN_IN)
    assert bias.shape == (FAN_OUT,)
    assert 0.95 * bound < bias.abs().max() <= bound
