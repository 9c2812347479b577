import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import grad

from taxon.networks.critic import action_values, state_values
from taxon.networks.initialisers import uniform_init, zeros
from taxon.networks.mlp import Mlp, ensemble_apply, ensemble_init
from taxon.operators.functional import elu

SIZES = [5, 16, 12, 8, 3]


def reference(layer_norm):
    """The same network as a torch module."""
    layers: list[nn.Module] = []
    for k, (fan_in, fan_out) in enumerate(itertools.pairwise(SIZES[:-1])):
        layers.append(nn.Linear(fan_in, fan_out))
        if layer_norm == "everywhere" or (layer_norm == "first" and k == 0):
            layers.append(nn.LayerNorm(fan_out))
        layers.append(nn.Tanh() if layer_norm == "first" and k == 0 else nn.ELU())
    return nn.Sequential(*layers, nn.Linear(SIZES[-2], SIZES[-1])).double()


def load(module, row):
    """Copy a flat row into the module, whose Linear stores its weight transposed."""
    for parameter in module.parameters():
        part, row = row[: parameter.numel()], row[parameter.numel() :]
        parameter.data.copy_(part.reshape(parameter.T.shape).T if parameter.dim() == 2 else part)
    assert row.numel() == 0


@pytest.mark.parametrize("layer_norm", ["none", "first", "everywhere"])
def test_mlp_equals_torch_modules_with_gradients(layer_norm):
    network = Mlp(SIZES, elu, layer_norm)
    g = torch.Generator().manual_seed(0)
    flat = torch.randn(2, network.size, generator=g, dtype=torch.float64)
    x = torch.randn(2, 4, 6, 5, generator=g, dtype=torch.float64)
    y = network.apply(flat, x)
    slope = grad(lambda p: network.apply(p, x).square().sum())(flat)
    assert y.shape == (2, 4, 6, 3)
    for s in range(2):
        module = reference(layer_norm)
        load(module, flat[s])
        expected = module(x[s])
        torch.testing.assert_close(y[s], expected, atol=1e-12, rtol=1e-12)
        expected.square().sum().backward()
        theirs = [p.grad.T.flatten() if p.dim() == 2 else p.grad for p in module.parameters()]
        torch.testing.assert_close(slope[s], torch.cat(theirs), atol=1e-9, rtol=1e-9)


def test_a_row_starts_with_its_initialisers():
    network = Mlp([4, 8, 8, 2], F.relu, "first", uniform_init(0.5), zeros, uniform_init(1e-3))
    row = network.init(torch.Generator().manual_seed(0))
    assert row.shape == (network.size,)
    first, bias, gain, offset, second, bias2, head, head_bias = row.split([32, 8, 8, 8, 64, 8, 16, 2])
    assert 0.4 < first.abs().max() <= 0.5
    assert 0.4 < second.abs().max() <= 0.5
    assert 0 < head.abs().max() <= 1e-3
    assert torch.equal(gain, torch.ones(8))
    assert not torch.cat([bias, offset, bias2, head_bias]).any()


def test_ensemble_members_are_separate_networks():
    network = Mlp([3, 8, 1], F.relu)
    g = torch.Generator().manual_seed(0)
    flat = torch.stack([ensemble_init(network, g, 2) for _ in range(4)])
    assert flat.shape == (4, 2, network.size)
    assert not torch.equal(flat[:, 0], flat[:, 1])
    x = torch.randn(4, 6, 3, generator=g)
    y = ensemble_apply(network, flat, x)
    assert y.shape == (4, 2, 6, 1)
    for e in range(2):
        torch.testing.assert_close(y[:, e], network.apply(flat[:, e], x))


def test_one_observation_per_seed():
    network = Mlp([3, 8, 2], F.relu)
    flat = torch.stack([network.init(torch.Generator().manual_seed(k)) for k in range(4)])
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(9))
    torch.testing.assert_close(network.apply(flat, x), network.apply(flat, x.unsqueeze(1)).squeeze(1))


def test_critics_share_the_observation_among_sampled_actions():
    network = Mlp([3 + 2, 8, 1], F.relu)
    g = torch.Generator().manual_seed(0)
    flat = torch.stack([ensemble_init(network, g, 2) for _ in range(4)])
    observation, action = torch.randn(4, 6, 3, generator=g), torch.randn(4, 7, 6, 2, generator=g)
    q = action_values(network, flat, observation, action)
    assert q.shape == (4, 2, 7, 6)
    for m in range(7):
        torch.testing.assert_close(q[:, :, m], action_values(network, flat, observation, action[:, m]))
    torch.testing.assert_close(
        q[:, 1, 3], network.apply(flat[:, 1], torch.cat([observation, action[:, 3]], -1)).squeeze(-1)
    )
    value = Mlp([3, 8, 1], F.relu)
    assert state_values(value, torch.zeros(4, value.size), observation).shape == (4, 6)


def test_a_seeds_output_depends_on_its_own_row_only():
    network = Mlp([3, 8, 2], F.relu, "everywhere")
    flat = torch.randn(3, network.size, generator=torch.Generator().manual_seed(0))
    x = torch.ones(3, 4, 3)
    slope = grad(lambda p: network.apply(p, x)[1].sum())(flat)
    assert not slope[[0, 2]].any()
    assert slope[1].any()
