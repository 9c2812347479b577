import itertools
import math

import pytest
import torch
from torch.func import grad

from taxon.networks.features import fourier, polynomial
from taxon.networks.mlp import Mlp, ensemble_apply


def test_monomials_of_three_inputs_up_to_degree_three():
    x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    phi = polynomial(3)(x)
    columns = [
        math.prod(x[..., k] for k in chosen)
        for degree in (1, 2, 3)
        for chosen in itertools.combinations_with_replacement(range(3), degree)
    ]
    assert phi.shape == (2, 5, polynomial(3).size(3)) == (2, 5, len(columns))
    torch.testing.assert_close(phi, torch.stack(columns, -1), atol=1e-14, rtol=1e-14)


def test_degree_one_is_the_input():
    x = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(polynomial(1)(x), x)
    assert polynomial(1).size(4) == 4
    with pytest.raises(ValueError, match="degree 1"):
        polynomial(0)


def test_fourier_features_estimate_the_gaussian_kernel():
    features = fourier(200_000, 1.7)
    x = torch.randn(1, 6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    phi = features(x)[0]
    kernel = torch.exp(-torch.cdist(x, x)[0].square() / (2 * 1.7**2))
    torch.testing.assert_close(phi @ phi.T, kernel, atol=0.02, rtol=0)


def test_fourier_constants_depend_on_seed_and_size_alone():
    x = torch.randn(3, 2, 5, 4, generator=torch.Generator().manual_seed(0))
    features = fourier(10, 0.5, seed=3)
    assert features(x).shape == (3, 2, 5, features.size(4)) == (3, 2, 5, 10)
    torch.manual_seed(7)
    torch.rand(5)
    assert torch.equal(fourier(10, 0.5, seed=3)(x), features(x))
    assert not torch.equal(fourier(10, 0.5, seed=4)(x), features(x))
    torch.testing.assert_close(features(x[:, 0]), features(x)[:, 0])


@pytest.mark.parametrize("features", [polynomial(2), fourier(12, 0.7)], ids=["polynomial", "fourier"])
@pytest.mark.parametrize("hidden", [[], [8]])
def test_a_network_reads_its_features(features, hidden):
    network = Mlp([3, *hidden, 2], torch.tanh, features=features)
    inner = Mlp([features.size(3), *hidden, 2], torch.tanh)
    assert network.size == inner.size
    flat = torch.stack([network.init(torch.Generator().manual_seed(k)) for k in range(2)])
    assert torch.equal(flat[0], inner.init(torch.Generator().manual_seed(0)))
    x = torch.randn(2, 4, 6, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(network.apply(flat, x), inner.apply(flat, features(x)))
    members = ensemble_apply(network, flat.unsqueeze(1).expand(-1, 3, -1), x)
    torch.testing.assert_close(members, network.apply(flat, x).unsqueeze(1).expand_as(members))


def test_without_a_hidden_layer_a_network_is_linear():
    network = Mlp([3, 2], torch.relu, "none")
    flat = torch.arange(8.0).unsqueeze(0)
    x = torch.tensor([[[1.0, -1.0, 2.0]]])
    expected = x @ flat[:, :6].reshape(1, 3, 2) + flat[:, 6:]
    assert torch.equal(network.apply(flat, x), expected)
    assert network.init(torch.Generator().manual_seed(0)).shape == (8,)
    assert Mlp([3, 1], torch.relu).apply(flat[:, :4], x).item() == 0 * 1 - 1 * 1 + 2 * 2 + 3


@pytest.mark.parametrize("size", [1, 2, 3, 17])
@pytest.mark.parametrize("n", [1, 33, 500])
@pytest.mark.parametrize(
    "features", [polynomial(3), fourier(1, 2.0), fourier(5, 2.0), fourier(64, 2.0)], ids=["polynomial", "1", "5", "64"]
)
def test_a_seed_alone_equals_itself_among_others(features, n, size):
    x = torch.randn(5, n, size, generator=torch.Generator().manual_seed(0))
    together, slopes = features(x), grad(lambda y: features(y).square().sum())(x)
    for k in range(5):
        alone = x[k : k + 1].clone()
        assert torch.equal(together[k : k + 1], features(alone))
        # BLAS takes a lone column or row as it lies in memory. An action reaches a critic beside an observation, and
        # in minibatches, so that its gradient meets neither.
        if size > 1 and n > 1:
            assert torch.equal(slopes[k : k + 1], grad(lambda y: features(y).square().sum())(alone))


@pytest.mark.slow
def test_features_compile_into_the_graph_of_a_gradient():
    network = Mlp([3, 2], torch.tanh, features=fourier(12, 0.7))
    flat = torch.stack([network.init(torch.Generator().manual_seed(k)) for k in range(2)])
    x = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    slope = grad(lambda p: network.apply(p, x).square().sum())
    torch.testing.assert_close(torch.compile(slope, fullgraph=True)(flat), slope(flat))
