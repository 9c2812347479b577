import math

import pytest
import torch

from taxon.networks.initialisers import (
    fan_in_uniform,
    orthogonal,
    uniform_init,
    variance_scaling,
    xavier_uniform,
    zeros,
)

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


@pytest.mark.parametrize(("fan_in", "fan_out"), [(17, 64), (64, 17), (64, 64), (64, 1)])
def test_orthogonal_weights(fan_in, fan_out):
    """The fewer of rows and columns are orthogonal and of length gain: their products are gain^2 on the diagonal."""
    weights = orthogonal(1.5)(fan_in, fan_out, torch.Generator().manual_seed(0))
    assert weights.shape == (fan_in, fan_out)
    fewer = weights if fan_in <= fan_out else weights.T
    torch.testing.assert_close(fewer @ fewer.T, 2.25 * torch.eye(len(fewer)), atol=1e-5, rtol=0)


def test_orthogonal_weights_are_uniform_among_them():
    """Without a correction of signs a QR decomposition prefers some: each entry has mean 0 and variance 1 / n."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.stack([orthogonal()(3, 3, generator) for _ in range(10_000)])
    assert drawn.mean(0).abs().max() < 4 / math.sqrt(3 * 10_000)
    assert (3 * drawn.var(0) - 1).abs().max() < 0.05
    assert torch.equal(*(orthogonal()(3, 3, torch.Generator().manual_seed(7)) for _ in range(2)))


def test_biases():
    assert torch.equal(draw(zeros), torch.zeros(FAN_OUT))
    bias = draw(fan_in_uniform)
    bound = 1 / math.sqrt(FAN_IN)
    assert bias.shape == (FAN_OUT,)
    assert 0.95 * bound < bias.abs().max() <= bound
