"""Run eagerly on the CPU, an operator's numbers for a seed are bit for bit the same alone and among others."""

import pytest
import torch
from torch import Tensor
from torch.func import grad

from taxon.operators import categorical, exploration, full_covariance, policy_gradient, returns, temperature
from taxon.operators.distributions import normal_entropy
from taxon.operators.divergences import normal_kl
from taxon.operators.e_step import (
    batch_weights,
    categorical_dual,
    categorical_weights,
    categorical_weights_kl,
    group_weights,
    indicator,
    mean_one,
    normalise_weights,
    rectified,
    softmax_weights,
    temperature_dual,
    top_half,
    underappreciated_score,
    weights_kl,
)
from taxon.operators.functional import seed_largest, seed_least
from taxon.operators.losses import explained_variance

SEEDS = 5


@pytest.fixture(params=[1, 2], autouse=True)
def torch_threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def randn(*shape, seed=0):
    return torch.randn(SEEDS, *shape, generator=torch.Generator().manual_seed(seed))


def uniform(*shape, seed=0):
    return torch.rand(SEEDS, *shape, generator=torch.Generator().manual_seed(seed))


def check(function, *arguments, slopes=()):
    """The function's values, and its gradients with respect to the arguments numbered in `slopes`."""

    def numbers(*tensors):
        values = function(*tensors)
        values = [values] if isinstance(values, Tensor) else list(values)
        if slopes:
            values += grad(lambda *x: function(*x).square().sum(), tuple(slopes))(*tensors)
        return values

    together = numbers(*arguments)
    for k in range(SEEDS):
        alone = numbers(*(x[k : k + 1].clone() for x in arguments))
        for a, b in zip(together, alone, strict=True):
            assert torch.isfinite(b).all()
            assert torch.equal(a[k : k + 1], b)


@pytest.mark.parametrize(("batch", "actions"), [(7, 1), (7, 3), (256, 6), (4097, 4), (4097, 18), (1, 5)])
def test_categorical(batch, actions):
    logits, new = randn(batch, actions), randn(batch, actions, seed=1)
    draw = uniform(batch, actions)
    chosen = categorical.categorical_sample(new, draw)
    check(categorical.log_probabilities, logits, slopes=(0,))
    check(categorical.categorical_sample, logits, draw)
    check(categorical.categorical_log_prob, logits, chosen, slopes=(0,))
    check(categorical.categorical_entropy, logits, slopes=(0,))
    check(categorical.categorical_kl, logits, new, slopes=(1,))
    check(categorical.mode, logits)
    prior, eta = categorical.log_probabilities(new), 1 + uniform(1)
    check(categorical_weights, prior, logits, eta)
    check(lambda p, q, e: categorical_weights_kl(categorical_weights(p, q, e), p), prior, logits, eta)
    check(lambda p, q, e: categorical_dual(p, q, e, 0.1), prior, logits, eta, slopes=(2,))
    check(lambda p, q: temperature.categorical_solved_temperature(p, q, 0.1), prior, logits)


@pytest.mark.parametrize(("batch", "actions"), [(7, 1), (7, 3), (256, 6), (4097, 3), (131, 17), (1, 5)])
def test_gaussians(batch, actions):
    old_mean, mean, value = (randn(batch, actions, seed=seed) for seed in range(3))
    old_std, std = (0.5 + uniform(batch, actions, seed=seed) for seed in (3, 4))
    check(normal_entropy, std, slopes=(0,))
    check(normal_kl, old_mean, old_std, mean, std, slopes=(2, 3))
    old_scale, scale = (
        torch.diag_embed(s) + 0.2 * randn(batch, actions, actions, seed=seed).tril(-1)
        for seed, s in ((5, old_std), (6, std))
    )
    check(full_covariance.full_sample, mean, scale, value, slopes=(0, 1))
    check(full_covariance.full_log_prob, mean, scale, value, slopes=(0, 1))
    check(full_covariance.full_entropy, scale, slopes=(0,))
    check(full_covariance.deviations, scale)
    check(full_covariance.full_kl_mean, old_mean, old_scale, mean, slopes=(2,))
    check(full_covariance.full_kl_cov, old_scale, scale, slopes=(1,))
    check(full_covariance.full_kl, old_mean, old_scale, mean, scale, slopes=(2, 3))


@pytest.mark.parametrize(("samples", "batch", "actions"), [(20, 257, 6), (4, 4097, 3)])
def test_an_axis_of_samples(samples, batch, actions):
    mean, noise = randn(batch, actions), randn(samples, batch, actions, seed=1)
    scale = torch.diag_embed(0.5 + uniform(batch, actions)) + 0.2 * randn(batch, actions, actions, seed=2).tril(-1)

    def likelihood(mean, scale, noise):
        sample = full_covariance.full_sample(mean.unsqueeze(1), scale.unsqueeze(1), noise)
        return full_covariance.full_log_prob(mean.unsqueeze(1), 0.5 * scale.unsqueeze(1), sample.detach())

    check(likelihood, mean, scale, noise, slopes=(0, 1))
    check(lambda logits, draw: categorical.categorical_sample(logits.unsqueeze(1), draw), mean, noise.abs() / 10)
    score = noise.sum(-1)
    check(lambda q: temperature.solved_temperature(q, 0.1, 1), score)
    check(lambda q: normalise_weights(q.square(), 1), score)
    check(lambda q: weights_kl(softmax_weights(q, 1.5, 1), 1), score)
    check(seed_least, score)
    check(seed_largest, score)


@pytest.mark.parametrize("batch", [1, 7, 256, 4097, 70_001])
def test_batches(batch):
    score, eta = randn(batch), 1 + uniform(1)
    valid = (uniform(batch, seed=1) > 0.3).float()
    valid[:, 0] = 1
    for f in (top_half, indicator, rectified, lambda x: mean_one(rectified(x))):
        check(f, score)
    check(lambda x, e: softmax_weights(x, e, -1, top_half(x)), score, eta)
    check(lambda x, e: batch_weights(x, e, top_half(x)), score, eta)
    check(lambda x, e: temperature_dual(x, e, 0.1, -1, top_half(x)), score, eta, slopes=(1,))
    check(lambda x: temperature.solved_temperature(x, 0.01, -1, top_half(x)), score)
    log_prob, old = randn(batch, seed=2), randn(batch, seed=3)
    check(policy_gradient.surrogate, log_prob, old, score, valid, slopes=(0,))
    check(policy_gradient.surrogate, log_prob, old, score, slopes=(0,))
    check(lambda *x: policy_gradient.clipped_surrogate(*x[:3], 0.2, x[3]), log_prob, old, score, valid, slopes=(0,))
    check(lambda *x: policy_gradient.clipped_surrogate(*x, 0.2), log_prob, old, score, slopes=(0,))
    check(policy_gradient.approximate_kl, log_prob, old)
    check(lambda *x: policy_gradient.clip_fraction(*x, 0.2), log_prob, old)
    check(explained_variance, log_prob, score)
    check(lambda x, e: weights_kl(batch_weights(x, e, top_half(x)), -1, top_half(x)), score, eta)
    check(lambda c, kl: policy_gradient.adapt_coefficient(c, kl, 0.5, 1.5, 2.0), eta[:, 0], uniform(seed=4))
    check(lambda a, z: exploration.ornstein_uhlenbeck(a, z, 0.15, 0.2), score, old)
    check(lambda a, z: exploration.perturbed(a, z, 0.1), score, old)
    check(lambda a, z: exploration.smoothed(a, z, 0.2, 0.5), score, old)


@pytest.mark.parametrize(("groups", "members"), [(40, 10), (1, 4), (4097, 3)])
def test_groups(groups, members):
    total, log_prob, eta = randn(groups, members), randn(groups, members, seed=1), 1 + uniform(1)
    valid = (uniform(groups, members, seed=2) > 0.2).float()
    omega = group_weights(total, log_prob, eta, valid)
    check(group_weights, total, log_prob, eta, valid)
    check(lambda r, w, e, v: underappreciated_score(r, w, e, 1.0, v), total, omega, eta, valid)


@pytest.mark.parametrize("shape", [(1,), (33,), (4097,), (8, 257), (40_000,)])
def test_returns(shape):
    reward, value, next_value = (randn(*shape, seed=seed) for seed in range(3))
    terminated = (uniform(*shape, seed=3) < 0.05).float()
    ended = torch.maximum(terminated, (uniform(*shape, seed=4) < 0.05).float())
    check(lambda *x: returns.n_step_returns(*x, 0.99, 5), reward, next_value, terminated, ended)
    check(lambda *x: returns.generalised_advantages(*x, 0.99, 0.95), reward, value, next_value, terminated, ended)
    check(lambda *x: returns.returns_to_go(*x, 0.99), reward, ended)
