"""The peer's layers begin as a row's do: the same distributions as taxon's own initialisers."""

import math

import pytest
import torch
from torch import nn

from benchmarks.fidelity.drawing import biases, weights
from taxon.networks import initialisers

SHAPE = (300, 200)  # out, in


@pytest.mark.parametrize(
    ("drawn", "own"),
    [
        ({"kind": "xavier_uniform", "gain": 2.0}, initialisers.xavier_uniform(2.0)),
        ({"kind": "orthogonal", "gain": 1.5}, initialisers.orthogonal(1.5)),
        ({"kind": "uniform", "bound": 0.03}, initialisers.uniform_init(0.03)),
        *(
            (
                {"kind": "variance_scaling", "scale": 0.7, "mode": mode, "distribution": shape},
                initialisers.variance_scaling(0.7, mode, shape),
            )
            for mode in ("fan_in", "fan_out", "fan_avg")
            for shape in ("uniform", "normal")
        ),
    ],
)
def test_weights_have_the_same_distribution(drawn, own):
    torch.manual_seed(0)
    theirs = weights(SHAPE, drawn).flatten().sort().values
    ours = own(*reversed(SHAPE), torch.Generator().manual_seed(1)).flatten().sort().values
    # Kolmogorov and Smirnov's distance of two samples of 60,000: beyond 0.0113 with a chance of 0.001
    points = torch.linspace(float(ours[0]), float(ours[-1]), 501)
    distance = (torch.searchsorted(theirs, points) - torch.searchsorted(ours, points)).abs().max() / len(ours)
    assert float(distance) < 0.0113


def test_biases():
    layer = nn.Linear(16, 4_000)
    assert not biases(layer, {"kind": "zeros"}).any()
    found = biases(layer, {"kind": "fan_in_uniform"})
    assert float(found.abs().max()) <= 0.25
    assert float(found.std()) == pytest.approx(0.25 / math.sqrt(3), rel=0.05)


def test_what_is_not_known_is_refused():
    with pytest.raises(ValueError, match="no weights are drawn by dirac"):
        weights(SHAPE, {"kind": "dirac"})
