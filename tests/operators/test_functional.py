import pytest
import torch
import torch.nn.functional as F
from torch.func import grad

from taxon.operators.functional import (
    average,
    elu,
    per_seed,
    seed_average,
    seed_largest,
    seed_least,
    softplus,
    spread,
    sum_over,
    total,
)


@pytest.mark.parametrize(("ours", "theirs"), [(elu, F.elu), (softplus, F.softplus)])
def test_elementwise_functions_and_their_gradients(ours, theirs):
    x = torch.cat([torch.linspace(-50, 50, 4001, dtype=torch.float64), torch.tensor([0.0, -800.0, 800.0]).double()])
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-14, rtol=1e-8)
    slope = grad(lambda y: ours(y).sum())(x)
    torch.testing.assert_close(slope, grad(lambda y: theirs(y).sum())(x), atol=1e-14, rtol=1e-8)


@pytest.mark.parametrize("length", [1, 4095, 4096, 4097, 100_001])
def test_sums_of_any_length(length):
    x = torch.randn(2, length, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(total(x), x.sum(-1), atol=1e-9, rtol=0)
    torch.testing.assert_close(average(x), x.mean(-1), atol=1e-12, rtol=0)
    assert torch.equal(grad(lambda y: total(y).sum())(x), torch.ones_like(x))


def test_the_least_and_the_largest_of_a_seed():
    x = torch.tensor([[[1.0, -2.0], [3.0, 0.0]], [[4.0, 5.0], [6.0, 9.0]]])
    assert seed_least(x).tolist() == [-2.0, 4.0]
    assert seed_largest(x).tolist() == [3.0, 9.0]
    assert not grad(lambda y: (seed_least(y) + seed_largest(y)).sum())(x).any()


def test_sums_over_an_axis():
    x = torch.arange(24.0).reshape(2, 3, 4)
    for dim in (1, -1, 2, -2):
        assert torch.equal(sum_over(x, dim), x.sum(dim))


@pytest.mark.parametrize("shape", [(5,), (3, 7), (40_001,), (9, 4097)])
def test_a_spread_scale_and_its_gradient(shape):
    like = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    scale = torch.tensor([[2.0], [0.5]], dtype=torch.float64)
    assert torch.equal(like / spread(scale, like), like / per_seed(scale, like))
    assert torch.equal(like / spread(scale[:, 0], like), like / per_seed(scale, like))
    slope = grad(lambda x: (like / spread(x, like)).sum())(scale)
    expected = -like.flatten(1).sum(-1, keepdim=True) / scale.square()
    torch.testing.assert_close(slope, expected, atol=1e-9, rtol=0)


def test_seed_average_and_scales():
    x = torch.arange(12.0).reshape(2, 3, 2)
    assert seed_average(x).tolist() == [2.5, 8.5]
    assert seed_average(x[:, 0, 0]).tolist() == [0.0, 6.0]
    assert per_seed(torch.ones(2), x).shape == (2, 1, 1)
    assert per_seed(torch.ones(2, 1), x).shape == (2, 1, 1)
    assert per_seed(0.5, x) == 0.5
