"""Distributions, divergences, duals, bounds and losses against golden vectors and second derivations."""

import math

import torch
from torch.distributions import Independent, Normal, TanhTransform, TransformedDistribution, kl_divergence
from torch.func import grad

from taxon.operators.bounds import bound_loss, out_of_bounds_cost
from taxon.operators.distributions import (
    atanh_clamped,
    normal_entropy,
    normal_log_prob,
    normal_sample,
    tanh_log_jacobian,
    tanh_normal_log_prob,
)
from taxon.operators.divergences import kl_mean, kl_std, normal_kl
from taxon.operators.duals import entropy_dual, lagrange_dual, positive
from taxon.operators.e_step import softmax_weights
from taxon.operators.losses import explained_variance, squared_error, weighted_likelihood


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def close(actual, expected, atol=1e-6):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


OLD_MEAN, OLD_STD = tensor([0.0, 1.0]), tensor([0.5, 1.0])
NEW_MEAN, NEW_STD = tensor([0.1, 0.8]), tensor([0.4, 1.2])


def test_squashed_density_golden():
    u, mean, std = tensor([0.5, -1.2]), tensor([0.0, -1.0]), tensor([1.0, 0.5])
    close(normal_log_prob(mean, std, u), -1.349730)
    close(tanh_log_jacobian(u), -1.427607)
    close(tanh_normal_log_prob(mean, std, u), 0.0778771, 1e-7)


def test_densities_equal_torch_distributions():
    g = torch.Generator().manual_seed(0)
    mean, noise, raw = torch.randn(3, 2, 5, 3, generator=g, dtype=torch.float64)
    std = raw.exp()
    u = normal_sample(mean, std, noise)
    normal = Independent(Normal(mean, std), 1)
    close(normal_log_prob(mean, std, u), normal.log_prob(u), 1e-12)
    close(normal_entropy(std), normal.entropy(), 1e-12)
    squashed = TransformedDistribution(normal, [TanhTransform()])
    # The inverse of tanh loses digits near the border: stay where it keeps them.
    u = u.clamp(-3, 3)
    close(tanh_normal_log_prob(mean, std, u), squashed.log_prob(torch.tanh(u)), 1e-9)


def test_log_jacobian_is_finite_far_out_and_exact_near_zero():
    u = torch.tensor([[-200.0], [200.0], [0.0]])
    torch.testing.assert_close(tanh_log_jacobian(u), torch.tensor([2 * math.log(2) - 400, 2 * math.log(2) - 400, 0.0]))
    gradient = grad(lambda x: tanh_log_jacobian(x).sum())(u)
    torch.testing.assert_close(gradient, torch.tensor([[2.0], [-2.0], [0.0]]))


def test_atanh_inverts_and_clamps():
    u = torch.linspace(-3, 3, 13, dtype=torch.float64)
    close(atanh_clamped(torch.tanh(u), 1e-6), u, 1e-12)
    close(atanh_clamped(tensor([1.0, -2.0]), 1e-3), [math.atanh(0.999), -math.atanh(0.999)], 1e-12)


def test_divergences_golden():
    close(kl_mean(OLD_MEAN, OLD_STD, NEW_MEAN), [0.02, 0.02], 1e-12)
    close(kl_std(OLD_STD, NEW_STD), [0.058106, 0.029544])
    old = Normal(OLD_MEAN, OLD_STD)
    close(kl_mean(OLD_MEAN, OLD_STD, NEW_MEAN), kl_divergence(old, Normal(NEW_MEAN, OLD_STD)), 1e-12)
    close(kl_std(OLD_STD, NEW_STD), kl_divergence(old, Normal(OLD_MEAN, NEW_STD)), 1e-12)


def test_whole_divergence_golden():
    close(normal_kl(OLD_MEAN, OLD_STD, NEW_MEAN, NEW_STD), 0.089356 + 0.043433, 2e-6)
    for d, expected in enumerate((0.089356, 0.043433)):
        one = slice(d, d + 1)
        close(normal_kl(OLD_MEAN[one], OLD_STD[one], NEW_MEAN[one], NEW_STD[one]), expected)
    g = torch.Generator().manual_seed(1)
    (old_mean, new_mean), (old_std, new_std) = torch.randn(2, 2, 5, 3, generator=g, dtype=torch.float64)
    old = Independent(Normal(old_mean, old_std.exp()), 1)
    new = Independent(Normal(new_mean, new_std.exp()), 1)
    close(normal_kl(old_mean, old_std.exp(), new_mean, new_std.exp()), kl_divergence(old, new), 1e-12)


def test_divergences_are_flat_at_the_old_policy():
    assert not grad(lambda m: kl_mean(OLD_MEAN, OLD_STD, m).sum())(OLD_MEAN).any()
    close(grad(lambda s: kl_std(OLD_STD, s).sum())(OLD_STD), [0.0, 0.0], 1e-12)


def test_positive_parameters():
    close(positive(tensor([10.0, 1.0, 3.0])), [10.0000454, 1.3132617, 3.0485874], 1e-7)
    close(positive(tensor([-18.0, -30.0])), [math.log1p(math.exp(-18)) + 1e-8, math.log1p(math.exp(-30)) + 1e-8], 1e-15)
    close(grad(lambda x: positive(x).sum())(tensor([-18.0])), [1 / (1 + math.exp(18))], 1e-15)


def test_multiplier_rises_while_the_constraint_is_broken():
    multiplier = tensor([[2.0, 3.0]])
    kl = tensor([[0.02, 0.01]])
    close(lagrange_dual(multiplier, 2.5e-3, kl), [-0.0575], 1e-12)  # mean of the golden -.0675 and -.0475
    slope = grad(lambda m: lagrange_dual(m, 0.015, kl).sum())(multiplier)
    close(slope, [[-0.005, 0.005]], 1e-12)
    assert not grad(lambda k: lagrange_dual(multiplier, 0.1, k).sum())(kl).any()


def test_entropy_dual_slope():
    log_prob = tensor([[1.0, 3.0], [-4.0, -6.0]])
    log_eta = tensor([[0.5], [0.0]])

    def loss(raw, log_prob):
        return entropy_dual(raw.exp(), log_prob, -3.0).sum()

    # eta times (entropy - target): an entropy above its target lowers eta.
    expected = [[math.exp(0.5) * (-2.0 + 3.0)], [5.0 + 3.0]]
    close(grad(loss)(log_eta, log_prob), expected, 1e-12)
    assert not grad(loss, 1)(log_eta, log_prob).any()


def test_costs_outside_the_box_golden():
    action = tensor([[0.5, -0.2], [1.3, 0.4], [-1.2, 1.5]])
    close(out_of_bounds_cost(action), [0.0, -0.3, -0.5385165])
    mean = tensor([[[1.5, -0.2], [-1.1, 2.0]]])
    close(bound_loss(mean), [0.315], 1e-12)
    close(grad(lambda m: bound_loss(m).sum())(mean), [[[0.25, 0.0], [-0.05, 0.5]]], 1e-12)
    assert not bound_loss(mean.clamp(-1, 1)).any()


def test_squared_error_sums_the_ensemble():
    prediction = tensor([[[1.0, 2.0], [0.0, 0.0]], [[5.0, 5.0], [5.0, 5.0]]])
    target = tensor([[1.0, 0.0], [5.0, 4.0]])
    close(squared_error(prediction, target), [0.5 * 2.0 + 0.5 * 0.5, 0.5 * 0.5 * 2], 1e-12)
    close(squared_error(prediction[:, 0], target), [1.0, 0.25], 1e-12)
    assert not grad(lambda t: squared_error(prediction, t).sum())(target).any()


def test_decoupled_likelihood_golden():
    action = tensor([[[[0.3, 0.5]], [[-0.2, 1.6]]]])  # [S, M, B, A] = [1, 2, 1, 2]
    weights = tensor([[[0.7], [0.3]]])
    old_mean, old_std = OLD_MEAN.view(1, 1, 2), OLD_STD.view(1, 1, 2)

    def mean_loss(mean):
        return weighted_likelihood(weights, normal_log_prob(mean.unsqueeze(1), old_std.unsqueeze(1), action)).sum()

    def std_loss(std):
        return weighted_likelihood(weights, normal_log_prob(old_mean.unsqueeze(1), std.unsqueeze(1), action)).sum()

    close(mean_loss(NEW_MEAN.view(1, 1, 2)), 1.3822299, 1e-7)
    close(grad(mean_loss)(NEW_MEAN.view(1, 1, 2)), [[[-0.2, -0.03]]], 1e-12)
    close(std_loss(NEW_STD.view(1, 1, 2)), 1.4365468, 1e-7)
    close(grad(std_loss)(NEW_STD.view(1, 1, 2)), [[[1.328125, 0.6695602]]], 1e-7)


def test_per_state_loss_golden():
    # Two states of the four-action golden, log-probabilities given: policy, temperature, KL and multiplier terms.
    q = tensor([[[1.0, 0.0], [2.0, 0.5], [0.0, -1.0], [-1.0, 3.0]]])
    log_prob = tensor([[[-1.0, -1.5], [-0.5, -2.0], [-2.0, -0.7], [-1.2, -0.3]]])
    weights = softmax_weights(q, 1.5, 1)
    close(weighted_likelihood(weights, log_prob), [(0.890535 + 0.666855) / 2])
    kl = tensor([[[0.01, 0.02], [0.03, 0.0]]])
    close(weighted_likelihood(weights[..., :1], log_prob[..., :1]), [0.890535])
    close((tensor([2.0, 3.0]) * kl).sum(-1), [[0.08, 0.06]], 1e-12)
    close(lagrange_dual(tensor([[2.0, 3.0]]), 2.5e-3, kl[:, 0]), [-0.0675], 1e-12)
    close(lagrange_dual(tensor([[2.0, 3.0]]), 2.5e-3, kl[:, 1]), [-0.0475], 1e-12)


def test_likelihood_over_the_batch():
    weights, log_prob = tensor([[2.0, 1.0]]), tensor([[-1.0, -3.0]])
    close(weighted_likelihood(weights, log_prob), [2.5], 1e-12)
    close(grad(lambda x: weighted_likelihood(weights, x).sum())(log_prob), [[-1.0, -0.5]], 1e-12)
    assert not grad(lambda w: weighted_likelihood(w, log_prob).sum())(weights).any()


def test_explained_variance():
    """Against the square of the correlation at the best linear prediction, and at its borders."""
    g = torch.Generator().manual_seed(1)
    x, noise = torch.randn(2, 3, 50, generator=g, dtype=torch.float64)
    target = 2 * x + noise
    centred, about = x - x.mean(-1, keepdim=True), target - target.mean(-1, keepdim=True)
    slope = (centred * about).sum(-1) / centred.square().sum(-1)
    correlation = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(x, target, strict=True)])
    close(explained_variance(slope.unsqueeze(-1) * x + 7, target), correlation.square(), 1e-12)
    close(explained_variance(target - 3, target), torch.ones(3), 1e-12)
    close(explained_variance(torch.full_like(target, 2.0), target), torch.zeros(3), 1e-12)
    close(explained_variance(-1e6 * target, target), -torch.ones(3), 1e-12)
    equal = torch.full((2, 4), 5.0)
    close(explained_variance(equal + 1, equal), [1.0, 1.0], 1e-6)
    assert torch.isfinite(explained_variance(torch.randn(2, 4), equal)).all()
    assert not grad(lambda p: explained_variance(p, target).sum())(x).any()
