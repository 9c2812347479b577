import math

import pytest
import torch
import torch.nn.functional as F
from torch.func import grad

from taxon.networks.gaussian import (
    FixedNormal,
    StateDependentNormal,
    StateIndependentNormal,
    exp_std,
    softplus_std,
    softplus_variance,
)
from taxon.networks.mlp import Mlp


def rows(policy, seeds=2):
    return torch.stack([policy.init(torch.Generator().manual_seed(k)) for k in range(seeds)])


@pytest.mark.parametrize(
    ("std", "at_zero"),
    [
        (exp_std(-20.0, 2.0), 1.0),
        (softplus_std(0.3, 1e-6), 0.3 + 1e-6),
        (softplus_std(0.7, 1e-3), 0.7 + 1e-3),
        (softplus_variance(), math.sqrt(math.log(2))),
    ],
)
def test_standard_deviation_at_zero(std, at_zero):
    torch.testing.assert_close(std(torch.zeros(1, dtype=torch.float64)), torch.tensor([at_zero], dtype=torch.float64))


def test_log_std_is_clamped():
    raw = torch.tensor([-30.0, 0.5, 9.0])
    torch.testing.assert_close(exp_std(-20.0, 2.0)(raw), torch.tensor([-20.0, 0.5, 2.0]).exp())


@pytest.mark.parametrize("leading", [(), (4,), (5, 4)])
def test_shapes(leading):
    x = torch.ones(2, *leading, 3)
    for policy in (
        StateDependentNormal(Mlp([3, 8, 4], F.relu), exp_std(-20.0, 2.0)),
        StateIndependentNormal(Mlp([3, 8, 2], F.relu), softplus_variance(), 0.0),
        FixedNormal(Mlp([3, 8, 2], F.relu), 0.4),
    ):
        flat = rows(policy)
        assert flat.shape == (2, policy.size)
        mean, std = policy.apply(flat, x)
        assert mean.shape == std.shape == (2, *leading, 2)


def test_state_dependent_halves_and_squashed_mean():
    trunk = Mlp([3, 8, 4], F.relu)
    flat, x = rows(trunk), torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    raw = trunk.apply(flat, x)
    mean, std = StateDependentNormal(trunk, exp_std(-20.0, 2.0)).apply(flat, x)
    assert torch.equal(mean, raw[..., :2])
    assert torch.equal(std, raw[..., 2:].exp())
    squashed, _ = StateDependentNormal(trunk, exp_std(-20.0, 2.0), torch.tanh).apply(flat, x)
    assert torch.equal(squashed, raw[..., :2].tanh())


def test_state_independent_deviation_is_learned_per_seed():
    policy = StateIndependentNormal(Mlp([3, 8, 2], F.relu), exp_std(-20.0, 2.0), -1.0)
    flat = rows(policy)
    flat[1, -2:] = torch.tensor([0.0, 1.0])
    x = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    _, std = policy.apply(flat, x)
    torch.testing.assert_close(std[0], torch.full((6, 2), math.exp(-1)))
    torch.testing.assert_close(std[1], torch.tensor([1.0, math.e]).expand(6, 2))
    slope = grad(lambda p: policy.apply(p, x)[1].sum())(flat)
    torch.testing.assert_close(slope[:, -2:], 6 * std[:, 0])
    assert not slope[:, :-2].any()


def test_fixed_deviation_has_no_parameters():
    trunk = Mlp([3, 8, 2], F.relu)
    policy = FixedNormal(trunk, 0.2)
    assert policy.size == trunk.size
    assert policy.apply(rows(policy), torch.ones(2, 3))[1].unique().tolist() == [pytest.approx(0.2)]
