"""What the operators converge to where the answer has a closed form."""

import math

import torch
from torch.func import grad, hessian

from taxon.operators.distributions import normal_log_prob, normal_sample
from taxon.operators.duals import entropy_dual
from taxon.operators.e_step import (
    batch_weights,
    exponential,
    exponential_weights,
    softmax_weights,
    temperature_dual,
)
from taxon.operators.losses import squared_error, weighted_likelihood
from taxon.operators.returns import td_target


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def close(actual, expected, atol=1e-6):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


def quantiles(n):
    """Equally likely standard normal points that stand for infinitely many samples: [n]."""
    return torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n)


def newton(f, x, steps=60):
    for _ in range(steps):
        slope, curvature = grad(f)(x), hessian(f)(x).reshape(())
        step = slope / curvature
        x = torch.where(step < x, x - step, x / 2)  # stay positive
    return x


def test_exact_e_and_m_step_on_a_gaussian_bandit():
    # Q(a) = -(a - 2)^2 / 2 under N(0, 1): the posterior is Gaussian and its temperature solves one equation.
    for kl, eta_star, mean_star, std_star, dual_star in (
        (0.1, 3.7868342, 0.4178127, 0.8894345, -1.6472052),
        (0.01, 14.0388372, 0.1329890, 0.9661809, None),
    ):
        action = quantiles(200_001).view(1, -1, 1, 1)  # [S, M, B, A]
        score = -0.5 * (action - 2).square().sum(-1)
        eta = newton(lambda e, q=score, kl=kl: temperature_dual(q, e, kl, 1).sum(), tensor([1.0]))
        close(eta, [eta_star], 1e-3 * eta_star)
        if dual_star is not None:
            close(temperature_dual(score, eta, kl, 1), [dual_star], 1e-4)
        weights = softmax_weights(score, eta, 1)

        def loss(mean, std, w=weights, a=action):
            return weighted_likelihood(w, normal_log_prob(mean, std, a)).sum()

        mean, std = tensor([[[[mean_star]]]]), tensor([[[[std_star]]]])
        slopes = grad(loss, (0, 1))(mean, std)
        # The M-step's slopes are (mean - E_w a) / std^2 and (std^2 - E_w (a - mean)^2) / std^3.
        assert abs(slopes[0]) < 1e-4
        assert abs(slopes[1]) < 1e-3


def test_em_control_leaves_kl_control_behind():
    # Three arms, eta = .5, uniform start: KL control stops at softmax(Q / eta), EM control goes on to the best arm.
    score = tensor([[[1.0], [2.0], [0.0]]])
    eta = 0.5
    iterates = [[0.117310, 0.866813, 0.015876], [0.017980, 0.981690, 0.000329], [0.002473, 0.997521, 0.000006]]
    probabilities = torch.full((1, 3, 1), 1 / 3, dtype=torch.float64)
    for expected in iterates:
        # A prior enters the posterior as a score eta log pi_p; the M-step of a table is pi_p := pi_q.
        probabilities = softmax_weights(score + eta * probabilities.log(), eta, 1)
        close(probabilities[0, :, 0], expected)
    fixed = softmax_weights(score, eta, 1)
    close(fixed[0, :, 0], iterates[0])

    def objective(logits):
        log_pi = torch.log_softmax(logits, 1)
        return (log_pi.exp() * (score / eta - log_pi)).sum()

    close(grad(objective)(fixed.log()), torch.zeros(1, 3, 1), 1e-12)


def test_the_m_step_of_a_softmax_is_the_weights():
    score = tensor([[[1.0], [2.0], [0.0]]])
    weights = softmax_weights(score, 0.5, 1)
    slope = grad(lambda x: weighted_likelihood(weights, torch.log_softmax(x, 1)).sum())(weights.log())
    close(slope, torch.zeros(1, 3, 1), 1e-12)


# Scalar linear-quadratic regulator: x' = x + u / 2, r = -(x^2 + u^2 / 10), gamma = .95.
B, Q, R, GAMMA = 0.5, 1.0, 0.1, 0.95
P_STAR, K_STAR = 1.3022695, 1.5113477
ALPHA, VARIANCE_STAR, V_CONSTANT = 0.2, 0.2443261, 0.8572514


def soft_q(x, u):
    """Soft-optimal Q: the reward and the discounted soft value of where it leads."""
    following = -P_STAR * (x + B * u).square() + V_CONSTANT
    reward = -(Q * x.square() + R * u.square())
    return td_target(reward, following, torch.zeros_like(x), GAMMA)


def test_soft_target_reproduces_the_soft_value():
    # E_u[Q(x, u) - alpha log pi(u|x)] under the soft-optimal policy is V(x) again, hence so is every one-step target.
    x = tensor([[-1.5, 0.0, 0.7]])
    std = tensor(VARIANCE_STAR).sqrt()
    u = -K_STAR * x.unsqueeze(1) + std * quantiles(100_001).view(1, -1, 1)
    log_prob = normal_log_prob((-K_STAR * x).view(1, 1, 3, 1), std, u.unsqueeze(-1))
    value = (soft_q(x.unsqueeze(1), u) - ALPHA * log_prob).mean(1)
    close(value, -P_STAR * x.square() + V_CONSTANT, 1e-4)
    prediction = soft_q(x, -K_STAR * x)
    target = td_target(
        -(Q + R * K_STAR**2) * x.square(), -P_STAR * (x - B * K_STAR * x).square() + V_CONSTANT, 0 * x, GAMMA
    )
    close(squared_error(prediction.unsqueeze(1), target), [0.0], 1e-15)


def test_reparameterised_soft_objective_is_stationary_at_the_soft_optimum():
    x = tensor([[-1.0, 0.3, 2.0]]).unsqueeze(1)
    noise = quantiles(100_001).view(1, -1, 1)

    def loss(gain, log_std):
        mean, std = -gain * x, log_std.exp()
        u = normal_sample(mean, std, noise)
        log_prob = normal_log_prob(mean.unsqueeze(-1), std, u.unsqueeze(-1))
        return (ALPHA * log_prob - soft_q(x, u)).mean()

    best = (tensor(K_STAR), 0.5 * tensor(VARIANCE_STAR).log())
    for slope in grad(loss, (0, 1))(*best):
        assert abs(slope) < 1e-4
    for slope in grad(loss, (0, 1))(best[0] + 0.1, best[1] + 0.1):
        assert slope > 1e-2


def test_temperature_is_stationary_at_its_target_entropy():
    # The soft optimum at alpha has entropy log(2 pi e variance) / 2: with that target the dual does not move.
    std = math.sqrt(VARIANCE_STAR)
    log_prob = normal_log_prob(tensor([0.0]), tensor([std]), (std * quantiles(200_001)).view(1, -1, 1))
    entropy = 0.5 * math.log(2 * math.pi * math.e * VARIANCE_STAR)
    for target, sign in ((entropy, 0.0), (entropy + 0.1, -1.0), (entropy - 0.1, 1.0)):
        slope = grad(lambda e, target=target: entropy_dual(e, log_prob, target).sum())(tensor([ALPHA]))
        close(slope, [0.1 * sign], 1e-4)


def test_fixed_std_likelihood_moves_the_mean_to_the_weighted_actions():
    # Any exponential weighting of stored actions under a constant std: the mean's fixed point is E_w[a].
    advantage = tensor([[1.0, -1.0, 0.5, 4.0]])
    action = tensor([[[0.1], [-0.4], [0.9], [0.3]]])
    std = tensor([[[0.4]]])
    for weights in (
        batch_weights(advantage, 1.0),
        exponential(advantage, 1.0),
        exponential_weights(advantage, 1.0, 20.0),
    ):
        mean = ((weights * action.squeeze(-1)).sum() / weights.sum()).reshape(1, 1, 1)
        slope = grad(lambda m, w=weights: weighted_likelihood(w, normal_log_prob(m, std, action)).sum())(mean)
        close(slope, [[[0.0]]], 1e-12)
    assert exponential_weights(advantage, 1.0, 20.0)[0, 3] == 20


def test_offline_bandit_tilts_the_data_and_clones_it_when_hot():
    # Two arms with advantages (0, 1), chosen 3 : 1 in the data; the fixed point is p(a) exp(A / eta) / Z.
    arm = torch.tensor([0, 0, 0, 1])
    advantage = tensor([[0.0, 0.0, 0.0, 1.0]])
    for eta, odds in ((0.5, math.exp(2.0) / 3), (1.0, math.e / 3), (1e9, 1 / 3)):
        expected = tensor([1 / (1 + odds), odds / (1 + odds)])
        for weights in (batch_weights(advantage, eta), exponential(advantage, eta)):

            def loss(logits, w=weights):
                return weighted_likelihood(w, torch.log_softmax(logits, -1)[arm].unsqueeze(0)).sum()

            close(grad(loss)(expected.log()), [0.0, 0.0], 1e-8)
