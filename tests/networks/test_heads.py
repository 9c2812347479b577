import math

import pytest
import torch
import torch.nn.functional as F
from torch.func import grad

from taxon.networks.features import fourier, polynomial
from taxon.networks.full_covariance import StateDependentFull, StateIndependentFull, lower_triangular
from taxon.networks.gaussian import (
    FixedNormal,
    ParameterNormal,
    StateDependentNormal,
    StateIndependentNormal,
    exp_std,
    identity,
    softplus_std,
)
from taxon.networks.heads import Beta, Categorical, Deterministic, Mixture, Outputs
from taxon.networks.mlp import Mlp

STD = exp_std(-20.0, 2.0)


def rows(policy, seeds=2):
    return torch.stack([policy.init(torch.Generator().manual_seed(k)) for k in range(seeds)])


def inputs(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize("leading", [(), (4,), (5, 4)])
def test_shapes(leading):
    x = inputs(2, *leading, 3)
    for policy in (Categorical(Mlp([3, 8, 2], F.relu)), Deterministic(Mlp([3, 2], F.relu))):
        flat = rows(policy)
        assert flat.shape == (2, policy.size)
        assert policy.apply(flat, x).shape == (2, *leading, 2)
    for policy in (
        StateDependentFull(Mlp([3, 8, 5], F.relu), STD, actions=2),
        StateIndependentFull(Mlp([3, 8, 2], F.relu), STD, initial=0.0),
    ):
        flat = rows(policy)
        assert flat.shape == (2, policy.size)
        mean, scale = policy.apply(flat, x)
        assert mean.shape == (2, *leading, 2)
        assert scale.shape == (2, *leading, 2, 2)
    policy = ParameterNormal(Mlp([3, 2], F.relu, features=polynomial(2)), 0.5)
    flat = rows(policy)
    assert flat.shape == (2, policy.size) == (2, 9 * 2 + 2 + 10 * 2)
    mean, std = policy.apply(flat, x)
    assert mean.shape == std.shape == (2, *leading, 2)
    assert policy.features(x).shape == (2, *leading, 10)


def test_logits_and_plain_actions_come_from_the_trunk():
    trunk = Mlp([3, 8, 2], F.relu)
    flat, x = rows(trunk), inputs(2, 6, 3)
    raw = trunk.apply(flat, x)
    assert torch.equal(Categorical(trunk).apply(flat, x), raw)
    assert torch.equal(Deterministic(trunk).apply(flat, x), torch.tanh(raw))
    assert torch.equal(Deterministic(trunk, mean=identity).apply(flat, x), raw)


def test_lower_triangular_counts_row_by_row():
    scale = lower_triangular(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([4.0, 5.0, 6.0]))
    assert scale.tolist() == [[1.0, 0.0, 0.0], [4.0, 2.0, 0.0], [5.0, 6.0, 3.0]]
    assert lower_triangular(torch.ones(2, 1), torch.ones(2, 0)).tolist() == [[[1.0]], [[1.0]]]
    assert torch.equal(torch.tril_indices(3, 3, -1), torch.tensor([[1, 2, 2], [0, 0, 1]]))


def test_state_dependent_scale_and_its_gradient():
    trunk = Mlp([3, 8, 9], F.relu)
    policy = StateDependentFull(trunk, softplus_std(0.3, 1e-6), actions=3, mean=torch.tanh)
    flat, x = rows(trunk), inputs(2, 6, 3)
    raw = trunk.apply(flat, x)
    mean, scale = policy.apply(flat, x)
    assert torch.equal(mean, raw[..., :3].tanh())
    assert torch.equal(scale.diagonal(dim1=-2, dim2=-1), softplus_std(0.3, 1e-6)(raw[..., 3:6]))
    below = torch.tril_indices(3, 3, -1)
    assert torch.equal(scale[..., below[0], below[1]], raw[..., 6:])
    assert not scale.triu(1).any()
    with pytest.raises(ValueError, match="5 outputs for 2 actions, not 9"):
        StateDependentFull(trunk, STD, actions=2)
    slope = grad(lambda p: policy.apply(p, x)[1].sum())(flat)
    assert not slope[:, -9:-6].any()  # the mean's biases
    torch.testing.assert_close(slope[:, -3:], torch.full((2, 3), 6.0))


def test_state_independent_scale_is_learned_per_seed():
    policy = StateIndependentFull(Mlp([3, 8, 2], F.relu), STD, initial=-1.0)
    flat = rows(policy)
    flat[1, -3:] = torch.tensor([0.0, 1.0, -0.7])
    _, scale = policy.apply(flat, inputs(2, 6, 3))
    torch.testing.assert_close(scale[0], (math.exp(-1) * torch.eye(2)).expand(6, 2, 2))
    torch.testing.assert_close(scale[1], torch.tensor([[1.0, 0.0], [-0.7, math.e]]).expand(6, 2, 2))
    slope = grad(lambda p: policy.apply(p, inputs(2, 6, 3))[1].sum())(flat)
    torch.testing.assert_close(slope[1, -3:], 6 * torch.tensor([1.0, math.e, 1.0]))
    assert not slope[:, :-3].any()


def test_concentrations_are_above_one():
    trunk = Mlp([3, 8, 4], F.relu)
    policy, flat, x = Beta(trunk), rows(trunk), inputs(2, 6, 3)
    raw = trunk.apply(flat, x)
    first, second = policy.apply(flat, x)
    torch.testing.assert_close(first, 1 + F.softplus(raw[..., :2]))
    torch.testing.assert_close(second, 1 + F.softplus(raw[..., 2:]))
    assert torch.equal(policy.init(torch.Generator().manual_seed(3)), trunk.init(torch.Generator().manual_seed(3)))


EACH = {
    "variances": (4, StateDependentNormal(Outputs(4), STD)),
    "one vector": (2, StateIndependentNormal(Outputs(2), STD, -1.0, mean=torch.tanh)),
    "a number": (2, FixedNormal(Outputs(2), 0.3)),
    "full": (5, StateDependentFull(Outputs(5), STD, actions=2)),
    "one matrix": (2, StateIndependentFull(Outputs(2), STD, -1.0)),
}


@pytest.mark.parametrize("kind", EACH)
@pytest.mark.parametrize("leading", [(), (4,), (5, 4)])
def test_a_mixture_reads_each_component_from_its_own_outputs(kind, leading):
    """A component's head, over a trunk of its own, gives the same."""
    outputs, each = EACH[kind]
    trunk, x = Mlp([3, 8, 3 * (outputs + 1)], F.relu), inputs(2, *leading, 3)
    policy = Mixture(trunk, 3, each)
    flat = rows(policy)
    assert flat.shape == (2, policy.size) == (2, trunk.size + each.size)
    assert torch.equal(flat[:, : trunk.size], rows(trunk))
    raw, own = trunk.apply(flat[:, : trunk.size], x), flat[:, trunk.size :]
    logits, mean, spread = policy.apply(flat, x)
    assert torch.equal(logits, raw[..., :3])
    for k in range(3):
        alone = each.apply(own, raw[..., 3 + k * outputs : 3 + (k + 1) * outputs])
        torch.testing.assert_close(mean[..., k, :], alone[0])
        torch.testing.assert_close(spread.select(len(leading) + 1, k), alone[1])


def test_a_mixture_projects_what_its_components_share():
    policy = Mixture(Mlp([3, 9], F.relu), 3, StateIndependentNormal(Outputs(2), STD, 5.0))
    flat = rows(policy)
    held = policy.project(flat, -1.0, 2.0)
    assert torch.equal(held[:, -2:], torch.full((2, 2), 2.0))
    assert torch.equal(held[:, :-2], flat[:, :-2])
    with pytest.raises(TypeError, match="FixedNormal has nothing"):
        Mixture(Mlp([3, 9], F.relu), 3, FixedNormal(Outputs(2), 0.3)).project(flat, -1.0, 2.0)
    with pytest.raises(ValueError, match="9 outputs for 3 components, not 8"):
        Mixture(Mlp([3, 8], F.relu), 3, FixedNormal(Outputs(2), 0.3))


def test_exploration_in_parameter_space_is_that_of_perturbed_weights():
    trunk = Mlp([3, 2], F.relu, features=polynomial(2))
    policy = ParameterNormal(trunk, 0.5)
    flat = rows(policy).double()
    torch.testing.assert_close(policy.sigma(flat), torch.full((2, 10, 2), 0.5, dtype=torch.float64))
    g = torch.Generator().manual_seed(0)
    flat[:, trunk.size :] = torch.randn(2, 20, generator=g)
    sigma, x = flat[:, trunk.size :].exp().reshape(2, 10, 2), inputs(2, 3).double()
    assert torch.equal(policy.sigma(flat), sigma)
    mean, std = policy.apply(flat, x)
    noise = torch.randn(100_000, 2, 10, 2, generator=g, dtype=torch.float64)
    noise = (noise - noise.mean(0)) / noise.std(0, correction=0)
    perturbed = flat[:, : trunk.size] + (noise * sigma).flatten(2)
    actions = trunk.apply(perturbed.transpose(0, 1).flatten(0, 1), x.repeat_interleave(100_000, 0)).reshape(2, -1, 2)
    torch.testing.assert_close(actions.mean(1), mean, atol=1e-9, rtol=0)
    torch.testing.assert_close(actions.std(1), std, atol=0, rtol=0.02)
    phi = policy.features(x)
    torch.testing.assert_close((phi.square().unsqueeze(-1) * sigma.square()).sum(1).sqrt(), std)
    assert torch.equal(phi[:, -1], torch.ones(2, dtype=torch.float64))


def test_exploration_in_parameter_space_needs_a_linear_mean():
    with pytest.raises(ValueError, match="linear in its features"):
        ParameterNormal(Mlp([3, 8, 2], F.relu), 0.5)


@pytest.mark.parametrize("actions", [1, 3])
@pytest.mark.parametrize("n", [1, 37, 256])
def test_a_seed_alone_equals_itself_among_others(actions, n):
    both = actions + actions * (actions + 1) // 2
    policies = (
        Categorical(Mlp([5, actions], F.relu)),
        Deterministic(Mlp([5, 16, actions], F.relu)),
        StateDependentFull(Mlp([5, 16, both], F.relu), softplus_std(0.3, 1e-6), actions),
        StateIndependentFull(Mlp([5, 16, actions], F.relu), STD, -1.0),
        Beta(Mlp([5, 16, 2 * actions], F.relu)),
        Mixture(Mlp([5, 16, 3 * (2 * actions + 1)], F.relu), 3, StateDependentNormal(Outputs(2 * actions), STD)),
        Mixture(Mlp([5, 16, 3 * (actions + 1)], F.relu), 3, StateIndependentNormal(Outputs(actions), STD, -1.0)),
        ParameterNormal(Mlp([5, actions], F.relu, features=polynomial(2)), 0.3),
        ParameterNormal(Mlp([5, actions], F.relu, features=fourier(20, 2.0)), 0.3),
    )
    x = inputs(5, n, 5)
    for policy in policies:
        flat = rows(policy, 5)

        def loss(p, y, policy=policy):
            output = policy.apply(p, y)
            return sum(part.square().sum() for part in (output if isinstance(output, tuple) else (output,)))

        together, slopes = policy.apply(flat, x), grad(loss)(flat, x)
        for k in range(5):
            row, y = flat[k : k + 1].clone(), x[k : k + 1].clone()
            alone = policy.apply(row, y)
            pairs = zip(together, alone, strict=True) if isinstance(alone, tuple) else [(together, alone)]
            assert all(torch.equal(a[k : k + 1], b) for a, b in pairs)
            # BLAS takes a product over a handful of rows as it lies in memory; minibatches are larger.
            if n > 1:
                assert torch.equal(slopes[k : k + 1], grad(loss)(row, y))
