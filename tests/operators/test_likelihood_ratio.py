"""A parametric posterior's losses at drawn actions: golden vectors, identities, and the fixed points of a bandit."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence
from torch.func import grad

from taxon.operators.categorical import log_probabilities
from taxon.operators.distributions import box_sample, normal_entropy, normal_log_prob, tanh_normal_log_prob
from taxon.operators.divergences import kl_mean, kl_std
from taxon.operators.duals import entropy_dual, lagrange_dual, positive
from taxon.operators.e_step import categorical_weights, effective_share, importance_weights, softmax_weights
from taxon.operators.full_covariance import full_kl_cov, full_kl_mean
from taxon.operators.functional import average
from taxon.operators.likelihood_ratio import leave_one_out, mean_centred, regularised, score_function_loss
from taxon.operators.losses import weighted_likelihood


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def close(actual, expected, atol=1e-6):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


# Four actions of one state under N(.2, .5^2): [S = 1, M = 4, B = 1], A = 1.
Q = tensor([[[1.0], [2.0], [0.0], [-1.0]]])
ACTION = tensor([[[[0.0]], [[0.5]], [[1.0]], [[-0.5]]]])
PARAMETERS = tensor([0.2, math.log(0.5)])


def log_prob_of(parameters, action=ACTION):
    return normal_log_prob(parameters[:1], parameters[1:].exp(), action)


def none(score):
    return score


@pytest.mark.parametrize(
    ("centre", "eta", "advantage", "loss", "slope"),
    [
        (none, 0.0, [1, 2, 0, -1], -0.0221043, [-1.1, 0.77]),
        (mean_centred, 0.0, [0.5, 1.5, -0.5, -1.5], -0.45, [-1, 0.9]),
        (leave_one_out, 0.0, [2 / 3, 2, -2 / 3, -2], -0.6, [-4 / 3, 1.2]),
        (mean_centred, 0.01, None, -0.447375, [-1.0025, 0.89475]),
    ],
)
def test_likelihood_ratio(centre, eta, advantage, loss, slope):
    def value(parameters):
        log_prob = log_prob_of(parameters)
        return score_function_loss(log_prob, centre(regularised(Q, log_prob, eta))).sum()

    if advantage is not None:
        close(centre(Q).flatten(), advantage, 1e-12)
    close(value(PARAMETERS), loss)
    close(grad(value)(PARAMETERS), slope)


def test_the_entropy_in_closed_form_beside_it():
    def value(parameters):
        log_prob = log_prob_of(parameters)
        return (score_function_loss(log_prob, mean_centred(Q)) - 0.01 * normal_entropy(parameters[1:].exp())).sum()

    close(value(PARAMETERS), -0.4572579)
    close(grad(value)(PARAMETERS), [-1, 0.89])


def test_leaving_one_out_is_the_mean_of_the_others():
    score = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for m in range(5):
        others = torch.cat([score[:, :m], score[:, m + 1 :]], 1)
        close(leave_one_out(score)[:, m], score[:, m] - others.mean(1), 1e-12)
    assert not leave_one_out(score.requires_grad_()).requires_grad


@pytest.mark.parametrize("centre", [none, mean_centred, leave_one_out])
def test_the_expected_gradient(centre):
    """That of E[Q], but for the mean of all, which takes (M - 1) / M of it: by every pair of actions of a softmax."""
    logits, values = tensor([0.1, -0.2, 0.3]), tensor([1.0, 2.0, 0.5])
    exact = grad(lambda x: -(torch.softmax(x, 0) * values).sum())(logits)
    probs, found = torch.softmax(logits, 0), torch.zeros(3, dtype=torch.float64)
    for a in range(3):
        for b in range(3):
            score = torch.stack([values[a], values[b]]).reshape(1, 2, 1)

            def loss(x, a=a, b=b, score=score):
                log_probs = torch.log_softmax(x, 0)
                return score_function_loss(torch.stack([log_probs[a], log_probs[b]]).reshape(1, 2, 1), centre(score))[0]

            found += probs[a] * probs[b] * grad(loss)(logits)
    close(found, exact * (0.5 if centre is mean_centred else 1), 1e-12)


def test_an_eta_of_each_seed():
    score = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    ratio, eta = score.flip(1), tensor([[0.3], [2.0]])
    for seed in range(2):
        close(regularised(score, ratio, eta)[seed], score[seed] - eta[seed] * ratio[seed], 1e-15)
        apart = importance_weights(score[seed : seed + 1], eta[seed].item(), ratio[seed : seed + 1])[0]
        close(importance_weights(score, eta, ratio)[seed], apart, 1e-15)


# ---- forward


def states(values):
    return tensor(values).reshape(1, -1, 1)


SCORE, LOG_PI, LOG_PRIOR = states([1, 0, 2]), states([-1, -0.5, -2]), states([-1.2, -0.9, -1.6])


@pytest.mark.parametrize(
    ("log_ratio", "expected"),
    [
        (-LOG_PI, [0.0472420, 0.0038779, 0.9488802]),
        (LOG_PRIOR - LOG_PI, [0.0686128, 0.0076025, 0.9237847]),
        (0.5 * LOG_PRIOR - LOG_PI, [0.0570125, 0.0054372, 0.9375503]),
    ],
)
def test_importance_weights(log_ratio, expected):
    close(importance_weights(SCORE, 0.5, log_ratio).flatten(), expected)


def test_the_share_of_actions_that_count():
    close(effective_share(tensor([[[1.0, 0.25], [0.0, 0.25], [0.0, 0.25], [0.0, 0.25]]])), [(0.25 + 1) / 2], 1e-12)


def test_forward_on_a_gaussian():
    action = tensor([[[[0.0]], [[0.5]], [[-0.5]]]])

    def loss(parameters):
        log_prob = log_prob_of(parameters, action)
        return weighted_likelihood(importance_weights(SCORE, 0.5, -log_prob), log_prob).sum()

    log_prob = log_prob_of(PARAMETERS, action)
    close(importance_weights(SCORE, 0.5, -log_prob).flatten(), [0.0517499, 0.0077402, 0.9405100])
    close(loss(PARAMETERS), 1.1530243)
    close(grad(loss)(PARAMETERS), [2.6655396, -0.8544660])


LOGITS, VALUES = tensor([[[0.1, -0.2, 0.3]]]), tensor([[[1.0, 2.0, 0.0]]])


def test_both_directions_over_all_actions():
    def forward(logits):
        weights = softmax_weights(VALUES, 0.5, dim=-1)
        return -average((weights * log_probabilities(logits)).sum(-1)).sum()

    def reverse(logits):
        log_probs = log_probabilities(logits)
        return average((torch.exp(log_probs) * (0.5 * log_probs - VALUES)).sum(-1)).sum()

    close(forward(LOGITS), 1.3428081)
    close(grad(forward)(LOGITS).flatten(), [0.2202741, -0.6167246, 0.3964504])
    close(reverse(LOGITS), -1.3770124)
    close(grad(reverse)(LOGITS).flatten(), [-0.0560246, -0.3291061, 0.3851307])
    prior = log_probabilities(VALUES - LOGITS)
    expected = torch.softmax(prior + VALUES / 0.5, -1)
    close(categorical_weights(prior, VALUES, 0.5), expected, 1e-12)


def test_at_the_priors_actions_the_weights_are_those_of_the_e_step():
    draw = torch.Generator().manual_seed(1)
    score = torch.randn(2, 7, 4, generator=draw, dtype=torch.float64)
    log_prior = torch.randn(2, 7, 4, generator=draw, dtype=torch.float64)
    found = importance_weights(score, 0.7, log_prior - log_prior)
    close(found, softmax_weights(score, 0.7, dim=1), 1e-12)
    # and they do not depend on which density the proposal has: only on its ratio to the prior's
    close(importance_weights(score, 0.7, (log_prior + 3) - log_prior), found, 1e-12)


# ---- a bandit Q(a) = -(a - 2)^2 / 2 at eta = .25, whose optimum is N(2, .25)


def bandit(update, draws, steps):
    """Mean and variance where an update of them, over 4096 states, no longer moves."""
    generator, eta = torch.Generator().manual_seed(3), 0.25
    mean, variance, tail = tensor(0.0), tensor(1.0), []
    for step in range(steps):
        noise = torch.randn(1, draws, 4096, 1, generator=generator, dtype=torch.float64)
        action = mean + variance.sqrt() * noise
        log_prob = normal_log_prob(mean.reshape(1), variance.sqrt().reshape(1), action)
        score = -0.5 * (action - 2).square().squeeze(-1)
        mean, variance = update(mean, variance, action.squeeze(-1), log_prob, score, eta)
        if step >= steps - 40:
            tail.append(torch.stack([mean, variance]))
    return torch.stack(tail).mean(0)


def by_likelihood_ratio(mean, variance, action, log_prob, score, eta):
    """A step along the natural gradient of a Gaussian."""
    advantage = leave_one_out(regularised(score, log_prob, eta))
    z = (action - mean) / variance.sqrt()
    slope_mean = (advantage * z).mean() * variance.sqrt()
    slope_variance = (advantage * (z.square() - 1)).mean() * variance
    return mean + 0.5 * slope_mean, (variance + 0.5 * slope_variance).clamp(min=0.05)


def by_forward(mean, variance, action, log_prob, score, eta):
    """The maximum of the weighted likelihood."""
    weights = importance_weights(score, eta, -log_prob)
    found = (weights * action).sum(1).mean()
    return found, (weights * (action - found).square()).sum(1).mean()


@pytest.mark.parametrize(
    ("update", "draws", "steps"),
    [(by_likelihood_ratio, 8, 100), (by_forward, 64, 45), (by_forward, 4, 100)],
)
def test_fixed_points(update, draws, steps):
    """Few actions of a state slow the weights down, but leave the fixed point where it is: there they are equal."""
    close(bandit(update, draws, steps), (2.0, 0.25), 2e-3)


def test_at_the_optimum_nothing_moves():
    """Every action is worth the same there, and every weight is 1 / M: no sample has a gradient."""
    action = 2 + 0.5 * torch.randn(1, 16, 5, 1, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    log_prob = normal_log_prob(tensor([2.0]), tensor([0.5]), action)
    score = -0.5 * (action - 2).square().squeeze(-1)
    close(leave_one_out(regularised(score, log_prob, 0.25)), torch.zeros(1, 16, 5), 1e-12)
    close(importance_weights(score, 0.25, -log_prob), torch.full((1, 16, 5), 1 / 16), 1e-12)
    close(effective_share(importance_weights(score, 0.25, -log_prob)), [1.0], 1e-12)


# ---- the trust region KL(q || p)


def test_the_parts_of_the_posteriors_divergence():
    m0, s0, m1, s1 = tensor([0.0, 1.0]), tensor([0.5, 1.0]), tensor([0.1, 0.8]), tensor([0.4, 1.2])
    mean, cov = kl_mean(m1, s0, m0), kl_std(s1, s0)
    close(mean, [0.02, 0.02])
    close(cov, [0.0431436, 0.0376784])
    close(mean + cov, kl_divergence(Normal(m1, s1), Normal(m0, s0)), 1e-12)
    old, new = tensor([[0.5, 0.0], [0.2, 1.0]]), tensor([[0.4, 0.0], [0.3, 1.2]])
    close(full_kl_cov(new, old), 0.0906220)
    close(full_kl_mean(m1, old, m0), 0.0488)
    whole = kl_divergence(MultivariateNormal(m1, scale_tril=new), MultivariateNormal(m0, scale_tril=old))
    close(full_kl_mean(m1, old, m0) + full_kl_cov(new, old), whole, 1e-12)


def test_a_trust_region_on_the_bandit():
    """From N(0, 1), KL <= .1 on the mean: mu = sqrt(.2), and the multiplier is the slope of E[G] over that of KL."""
    mean, raw = tensor([0.0]).requires_grad_(), tensor([[1.0]]).requires_grad_()
    descent = torch.optim.Adam([{"params": [mean], "lr": 0.01}, {"params": [raw], "lr": 0.03}], betas=(0.9, 0.99))
    one, zero = tensor([1.0]), tensor([0.0])
    for step in range(1500):
        for group, rate in zip(descent.param_groups, (0.01, 0.03), strict=True):
            group["lr"] = rate * 0.997**step
        alpha, kl = positive(raw), kl_mean(mean, one, zero)
        loss = 0.5 * (mean - 2).square().sum() + (alpha.detach() * kl).sum() + lagrange_dual(alpha, 0.1, kl).sum()
        descent.zero_grad()
        loss.backward()
        descent.step()
    close(mean.detach(), [math.sqrt(0.2)], 2e-3)
    close(positive(raw).detach().flatten(), [(2 - math.sqrt(0.2)) / math.sqrt(0.2)], 2e-2)
    close(tensor([3.4721360]), [(2 - math.sqrt(0.2)) / math.sqrt(0.2)])
    close(kl_std(tensor([0.9900167]), one), [1e-4], 1e-8)


# ---- what else the ascents read


def test_uniform_draws_of_the_box():
    noise = torch.randn(40_000, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    drawn = box_sample(noise)
    assert drawn.shape == (40_000, 3)
    assert drawn.abs().max() <= 1
    levels = torch.linspace(-0.9, 0.9, 7, dtype=torch.float64)
    share = (drawn.unsqueeze(-1) <= levels).double().mean(0)
    close(share, ((levels + 1) / 2).expand(3, 7), 0.01)


def test_the_entropy_dual_takes_several_actions():
    log_prob = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    eta = tensor([[0.3], [2.0]])
    expected = -eta.flatten() * (log_prob.mean((1, 2)) - 1.5)
    close(entropy_dual(eta, log_prob, -1.5), expected, 1e-12)


def test_behind_tanh_the_jacobian_drops_out_of_a_ratio():
    u = torch.randn(2, 4, 3, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    new, old = (tensor([0.3, -0.1]), tensor([0.5, 0.8])), (tensor([0.0, 0.2]), tensor([0.6, 0.7]))
    expected = normal_log_prob(*old, u) - normal_log_prob(*new, u)
    close(tanh_normal_log_prob(*old, u) - tanh_normal_log_prob(*new, u), expected, 1e-12)
