"""Products of factors rounded to bfloat16, against float64: no further than the rounding of eight bits allows."""

import pytest
import torch
import torch.nn.functional as F
from torch.func import grad

from taxon.networks.gaussian import ParameterNormal, StateDependentNormal, exp_std
from taxon.networks.mlp import FACTORS, Mlp, affine, rounded_affine

U = 2.0**-8  # of bfloat16: rounding to its 8 bits is off by at most U times the number
SINGLE = 2.0**-24
SHAPES = [(1, 1, 3, 4), (2, 7, 17, 6), (3, 256, 23, 256), (2, 256, 256, 256), (1, 100, 300, 12)]


def drawn(shape, *sizes):
    generator = torch.Generator().manual_seed(0)
    seeds, rows, inputs, outputs = shape
    x = torch.randn(seeds, rows, inputs, generator=generator)
    weight = torch.randn(seeds, inputs, outputs, generator=generator)
    return (
        x,
        weight,
        torch.randn(seeds, outputs, generator=generator),
        torch.randn(seeds, rows, outputs, generator=generator),
    )


def bound(a, b):
    """What a product of matrices may be off: its factors, its sum in float32, and one rounding of that sum."""
    a, b = a.double(), b.double()
    magnitude = a.abs() @ b.abs()
    inner = (2 * U + U * U + 2 * a.shape[-1] * SINGLE) * magnitude
    return inner + U * ((a @ b).abs() + inner)


@pytest.fixture
def rounding():
    token = FACTORS.set(torch.bfloat16)
    yield
    FACTORS.reset(token)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_product_is_within_the_rounding_of_its_factors_and_its_sums(shape):
    x, weight, bias, _ = drawn(shape)
    y = rounded_affine(x, weight, bias, torch.bfloat16)
    exact = x.double() @ weight.double() + bias.double().unsqueeze(1)
    error = (y.double() - exact).abs()
    assert y.dtype == torch.float32
    assert (error <= bound(x, weight) + 2 * SINGLE * exact.abs()).all()
    # The factors are really rounded, and nothing is rounded but they and, once, the sums.
    factors = x.bfloat16().double() @ weight.bfloat16().double()
    assert error.max() > 1e-4 * exact.abs().max()
    left = (y.double() - bias.double().unsqueeze(1) - factors).abs()
    sums = 2 * shape[2] * SINGLE * (x.abs() @ weight.abs()).double()
    assert (left <= U * (factors.abs() + sums) + sums + 2 * SINGLE * exact.abs()).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_its_gradients_products_are_rounded_alike_and_the_biass_sum_is_not(shape):
    x, weight, bias, slope = drawn(shape)

    def loss(x, weight, bias):
        return (rounded_affine(x, weight, bias, torch.bfloat16) * slope).sum()

    for_x, for_weight, for_bias = grad(loss, argnums=(0, 1, 2))(x, weight, bias)
    wide = slope.double()
    for found, left, right in ((for_x, slope, weight.mT), (for_weight, x.mT, slope)):
        exact = left.double() @ right.double()
        error = (found.double() - exact).abs()
        assert found.dtype == torch.float32
        assert (error <= bound(left, right)).all()
        assert error.max() > 1e-4 * exact.abs().max()
    assert ((for_bias.double() - wide.sum(1)).abs() <= 2 * shape[1] * SINGLE * wide.abs().sum(1)).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_seed_is_bit_for_bit_the_same_alone(threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    x, weight, bias, slope = drawn((5, 256, 100, 96))

    def loss(x, weight, bias, slope):
        return (rounded_affine(x, weight, bias, torch.bfloat16) * slope).sum()

    def everything(*own):
        return rounded_affine(*own[:3], torch.bfloat16), *grad(loss, argnums=(0, 1, 2))(*own)

    together = everything(x, weight, bias, slope)
    for k in range(5):
        alone = everything(*(part[k : k + 1].clone() for part in (x, weight, bias, slope)))
        for among, own in zip(together, alone, strict=True):
            assert torch.equal(among[k : k + 1], own)
    torch.set_num_threads(before)


def test_only_hidden_layers_round_and_only_in_networks_made_under_it(rounding):
    g = torch.Generator().manual_seed(0)
    network = Mlp([5, 32, 24, 3], F.relu)
    row, x = torch.stack([network.init(g) for _ in range(2)]), torch.randn(2, 9, 5, generator=g)
    w0, b0, w1, b1, w2, b2 = row.split(network.splits, -1)
    y = F.relu(rounded_affine(x, w0.reshape(2, 5, 32), b0, torch.bfloat16))
    y = F.relu(rounded_affine(y, w1.reshape(2, 32, 24), b1, torch.bfloat16))
    assert torch.equal(network.apply(row, x), affine(y, w2.reshape(2, 24, 3), b2))

    token = FACTORS.set(None)
    plain = Mlp([5, 32, 24, 3], F.relu)
    FACTORS.reset(token)
    y = F.relu(affine(x, w0.reshape(2, 5, 32), b0))
    y = F.relu(affine(y, w1.reshape(2, 32, 24), b1))
    assert torch.equal(plain.apply(row, x), affine(y, w2.reshape(2, 24, 3), b2))


def test_what_is_linear_rounds_nothing(rounding):
    g = torch.Generator().manual_seed(0)
    policy = ParameterNormal(Mlp([5, 3], F.relu), 0.5)
    row, x = torch.stack([policy.init(g) for _ in range(2)]), torch.randn(2, 9, 5, generator=g)
    for found, wanted in zip(policy.apply(row, x), policy.apply(row.double(), x.double()), strict=True):
        torch.testing.assert_close(found.double(), wanted, atol=1e-6, rtol=1e-6)


def test_it_compiles_to_one_graph(rounding):
    g = torch.Generator().manual_seed(0)
    policy = StateDependentNormal(Mlp([17, 64, 64, 12], F.elu, "first"), exp_std(-20.0, 2.0))
    row, x = torch.stack([policy.init(g) for _ in range(2)]), torch.randn(2, 32, 17, generator=g)

    def slope(row):
        return grad(lambda p: sum(part.square().sum() for part in policy.apply(p, x)))(row)

    expected = slope(row)
    found = torch.compile(slope, fullgraph=True, backend="aot_eager")(row)
    # The batched product orders its sums otherwise: a sum that lies between two numbers may be rounded to the other.
    torch.testing.assert_close(found, expected, atol=2 * U * float(expected.abs().max()), rtol=0)
    assert (found - expected).norm() <= 1e-3 * expected.norm()
