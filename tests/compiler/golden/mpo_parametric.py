"""mpo_parametric: KL control, emitted by taxon from its row.

pi_q = pi_theta, pi_p = pi_q, pi_q.update = SG + TR, pi_p.update = pi_q, G = Q^pi_p, G.estimate = Retrace(1),
pi_theta = N(mu_theta(s), Sigma_theta(s))

MPO with a parametric variational distribution (Abdolmaleki et al. 2018b, Appendix D.4 and Algorithm 3): the
policy itself ascends E[Q] by the likelihood ratio of drawn actions, less their mean, inside a trust region
around the policy of at most 1,000 updates ago.

Constants are those of the 2018 paper: both bounds (its Table 3), layers, learning rate, a full covariance,
Retrace(1) and copies every 1,000 updates. It states neither how many actions are drawn nor how many steps an
update stands for, nor where the multipliers start, nor what keeps actions in the box: the minibatch, the
penalty and the other code-level choices are `mpo`'s, but for an update at every step; the multipliers start
ten times as high.

Shapes: S seeds, E critics, B windows, T steps of a window, M actions drawn at a state, O observations, A
actions, P parameters. Every tensor of the state leads with S.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import grad, grad_and_value

from taxon.networks.critic import action_values
from taxon.networks.full_covariance import StateDependentFull
from taxon.networks.gaussian import softplus_std
from taxon.networks.initialisers import fan_in_uniform, variance_scaling, zeros
from taxon.networks.mlp import Mlp, ensemble_init
from taxon.operators.bounds import out_of_bounds_cost
from taxon.operators.data import Phase, Replay
from taxon.operators.duals import lagrange_dual, positive, project
from taxon.operators.e_step import softmax_weights, temperature_dual
from taxon.operators.full_covariance import (
    deviations,
    full_entropy,
    full_kl_cov,
    full_kl_mean,
    full_log_prob,
    full_sample,
)
from taxon.operators.functional import average, elu, seed_average, seed_largest, seed_least
from taxon.operators.likelihood_ratio import mean_centred, score_function_loss
from taxon.operators.losses import squared_error, weighted_likelihood
from taxon.operators.noise import standard_normal
from taxon.operators.observations import Observation, flat_size
from taxon.operators.optimisers import Lagged, Trained, adam, copy_every, lagged, row_norm, trained
from taxon.operators.returns import retrace

BATCH = 32  # windows of a minibatch
LENGTH = 8  # steps of a window
POLICY_LR = 0.0005  # learning rate of the policy
VALUE_LR = 0.0005  # learning rate of the critic
LAMBDA = 1.0  # of the estimator: 0 looks one step ahead, 1 to the end
GAMMA = 0.99  # discount
DUAL_LR = 0.01  # learning rate of the multipliers
EPSILON_MEAN = 0.1  # bound on the mean's part of the KL
EPSILON_COV = 0.0001  # bound on the covariance's part of the KL
BOUNDS_LR = 0.01  # learning rate of the penalty's temperature
EPSILON_BOUNDS = 0.001  # epsilon of the penalty's dual
COPY_EVERY = 1000  # updates between hard copies

DATA = Replay(
    capacity=1_000_000,
    batch=BATCH,
    warmup=1000,
    random_warmup=False,
    steps_per_update=1,
    sequence=LENGTH,
    episodes=False,
    environments=1,
)


class State(NamedTuple):
    """All that training changes."""

    policy: Lagged  # [S, P]
    critic: Lagged  # [S, E, P]
    alpha_mean_raw: Trained  # [S, 1]
    alpha_cov_raw: Trained  # [S, 1]
    bounds_raw: Trained  # [S, 1]
    updates: Tensor  # [S]


class Memory(NamedTuple):
    """What acting keeps from step to step of an episode: nothing."""


class Batch(NamedTuple):
    """Windows of stored steps."""

    observation: Tensor  # [S, B, T, O]
    action: Tensor  # [S, B, T, A]
    reward: Tensor  # [S, B, T]
    next_observation: Tensor  # [S, B, T, O]
    terminated: Tensor  # [S, B, T]
    truncated: Tensor  # [S, B, T]
    log_prob: Tensor  # [S, B, T]


class Noise(NamedTuple):
    """The standard normal draws of one update."""

    next_action: Tensor  # [S, 20, BATCH * LENGTH, A]
    action: Tensor  # [S, 20, BATCH * LENGTH, A]
    bounds: Tensor  # [S, 20, BATCH * LENGTH, A]


def windows(x: Tensor) -> Tensor:
    """[S, B T] -> [S, B, T]."""
    return x.unflatten(1, (BATCH, LENGTH))


def dual_step(dual: Callable[[Tensor], Tensor], raw: Trained, lr: float | Tensor, updates: Tensor) -> Trained:
    """A step down the gradient of a multiplier's dual [S], by its parameter: [S, 1] or [S, A]."""
    gradient = grad(lambda params: dual(positive(params)).sum())(raw.params)
    raw = adam(raw, gradient, lr, updates)
    return raw._replace(params=project(raw.params))


class Agent:
    """Networks, acting and updates for observations of one layout and `action` numbers."""

    discrete = False

    def __init__(self, observation: Observation, action: int) -> None:
        self.observations, self.actions = flat_size(observation), action
        trunk = Mlp(
            [self.observations, 100, 100, action + action * (action + 1) // 2],
            elu,
            layer_norm="first",
            weight_init=variance_scaling(0.33, "fan_out", "uniform"),
            bias_init=fan_in_uniform,
            head_init=variance_scaling(0.0001, "fan_in", "normal"),
            head_bias=zeros,
        )
        self.policy = StateDependentFull(trunk, softplus_std(0.5, 1e-06), actions=action)
        self.critic = Mlp(
            [self.observations + action, 200, 200, 1],
            elu,
            layer_norm="first",
            weight_init=variance_scaling(0.33, "fan_out", "uniform"),
            bias_init=fan_in_uniform,
            head_init=variance_scaling(0.33, "fan_out", "uniform"),
            head_bias=fan_in_uniform,
        )
        self.columns: dict[str, tuple[int, ...]] = {"log_prob": ()}  # what `act` adds to a stored step
        self.phases = (Phase("update", 1, Batch, None, self.noise, self.update),)

    def init(self, generators: Sequence[torch.Generator]) -> State:
        """A fresh state, one generator for each seed."""
        return State(
            policy=lagged(torch.stack([self.policy.init(generator) for generator in generators])),
            critic=lagged(torch.stack([ensemble_init(self.critic, generator, 1) for generator in generators])),
            alpha_mean_raw=trained(torch.full((len(generators), 1), 10.0)),
            alpha_cov_raw=trained(torch.full((len(generators), 1), 100.0)),
            bounds_raw=trained(torch.full((len(generators), 1), 1.0)),
            updates=torch.zeros(len(generators), dtype=torch.int64),
        )

    def memory(self, seeds: int, environments: int, device: torch.device) -> Memory:
        """The memory at an episode's start, for every environment."""
        return Memory()

    def observe(self, state: State, observation: Tensor) -> State:
        """New raw observations, [S, n, O]: nothing to learn from them."""
        return state

    def act_noise(self, generators: Sequence[torch.Generator], environments: int, device: torch.device) -> Tensor:
        """What `act` reads: standard normal draws [S, N, A], a generator for each seed."""
        return standard_normal(generators, environments, self.actions, device=device)

    def act(self, state: State, memory: Memory, observation: Tensor, noise: Tensor) -> tuple[Memory, dict[str, Tensor]]:
        """Draws of pi_theta: observation [S, N, O], noise [S, N, A] -> action [S, N, A], log_prob [S, N]."""
        mean, scale = self.policy.apply(state.policy.params, observation)
        action = full_sample(mean, scale, noise)

        log_prob = full_log_prob(mean, scale, action)
        return memory, {"action": action, "log_prob": log_prob}

    def act_mean(self, state: State, memory: Memory, observation: Tensor) -> tuple[Memory, Tensor]:
        """The mean action, for evaluation: [S, N, O] -> [S, N, A]."""
        action, _ = self.policy.apply(state.policy.params, observation)
        return memory, action

    def act_random(self, uniform: Tensor) -> dict[str, Tensor]:
        """Uniform actions: uniform in [0, 1), [S, N, A] -> action [S, N, A] in [-1, 1), log_prob [S, N]."""
        action = 2 * uniform - 1
        log_prob = torch.full_like(uniform[..., 0], -self.actions * math.log(2))
        return {"action": action, "log_prob": log_prob}

    def noise(self, generators: Sequence[torch.Generator], device: torch.device) -> Noise:
        """The standard normal draws of one update, a generator for each seed."""
        return Noise(
            next_action=standard_normal(generators, 20, BATCH * LENGTH, self.actions, device=device),
            action=standard_normal(generators, 20, BATCH * LENGTH, self.actions, device=device),
            bounds=standard_normal(generators, 20, BATCH * LENGTH, self.actions, device=device),
        )

    def q(self, critic: Tensor, observation: Tensor, action: Tensor) -> Tensor:
        """Q(s, a): [S, E, P], [S, B, O], [S, ..., B, A] -> [S, ..., B]."""
        values = action_values(self.critic, critic, observation, action)
        return values.squeeze(1)

    def update(self, state: State, batch: Batch, noise: Noise) -> tuple[State, dict[str, Tensor]]:
        """One minibatch: critic, policy, multipliers and lagged copies. Every metric is [S]."""
        batch = Batch(*(column.flatten(1, 2) for column in batch))  # [S, B, T, ...] -> [S, B T, ...]
        updates = state.updates + 1
        alpha_mean = positive(state.alpha_mean_raw.params)
        alpha_cov = positive(state.alpha_cov_raw.params)
        bounds_eta = positive(state.bounds_raw.params)

        # V(s') = E[Q(s', a')] over 20 actions of the old policy
        next_mean, next_scale = self.policy.apply(state.policy.target, batch.next_observation)
        next_action = full_sample(next_mean.unsqueeze(1), next_scale.unsqueeze(1), noise.next_action)
        next_value = self.q(state.critic.target, batch.next_observation, next_action).mean(1)
        # Retrace reads Q and pi at the stored actions
        mean, scale = self.policy.apply(state.policy.target, batch.observation)
        log_prob = full_log_prob(mean, scale, batch.action)
        log_ratio = log_prob - batch.log_prob
        q = self.q(state.critic.target, batch.observation, batch.action)
        ended = torch.maximum(batch.terminated, batch.truncated)
        # G_t = r_t + gamma [V(s_t+1) + c_t+1 (G_t+1 - Q(s_t+1, a_t+1))], c = lambda min(1, pi / b)
        columns = (batch.reward, next_value, q, log_ratio, batch.terminated, ended)
        target = retrace(*(windows(column) for column in columns), GAMMA, LAMBDA).flatten(1)

        def value_loss(critic: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """1/2 E[(target - Q(s, a))^2]."""
            prediction = action_values(self.critic, critic, batch.observation, batch.action)
            loss = squared_error(prediction, target)
            return loss.sum(), (loss, prediction)

        critic_gradient, (_, (critic_loss, prediction)) = grad_and_value(value_loss, has_aux=True)(state.critic.params)
        critic = adam(state.critic, critic_gradient, VALUE_LR, updates)

        # bounds: a second E-step at 20 actions of the policy, G = minus the distance to the box
        bounds_mean, bounds_scale = self.policy.apply(state.policy.params, batch.observation)
        bounds_action = full_sample(bounds_mean.unsqueeze(1), bounds_scale.unsqueeze(1), noise.bounds)
        cost = out_of_bounds_cost(bounds_action)
        bounds_weights = softmax_weights(cost, bounds_eta, dim=1)
        old_mean, old_scale = self.policy.apply(state.policy.target, batch.observation)

        def policy_loss(policy: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """-E[A log pi_theta(a)] at 20 actions, A = G less their mean, inside the trust region."""
            mean, scale = self.policy.apply(policy, batch.observation)
            action = full_sample(mean.unsqueeze(1), scale.unsqueeze(1), noise.action).detach()
            log_prob = full_log_prob(mean.unsqueeze(1), scale.unsqueeze(1), action)
            score = self.q(state.critic.target, batch.observation, action)
            loss = score_function_loss(log_prob, mean_centred(score))
            # KL(pi_theta || pi_old) in its two parts, each weighted by its multiplier
            mean_kl = average(full_kl_mean(mean, old_scale, old_mean)).unsqueeze(-1)
            loss = loss + (alpha_mean * mean_kl).sum(-1)
            cov_kl = average(full_kl_cov(scale, old_scale)).unsqueeze(-1)
            loss = loss + (alpha_cov * cov_kl).sum(-1)
            bounds_log_prob = full_log_prob(mean.unsqueeze(1), scale.unsqueeze(1), bounds_action)
            loss = loss + weighted_likelihood(bounds_weights, bounds_log_prob)
            return loss.sum(), (loss, score, scale, mean_kl, cov_kl)

        policy_gradient, (_, (policy_cost, score, scale, mean_kl, cov_kl)) = grad_and_value(policy_loss, has_aux=True)(
            state.policy.params
        )
        policy = adam(state.policy, policy_gradient, POLICY_LR, updates)

        # alpha_mean: multiplier of the mean's part of KL(pi_theta || pi_old) <= epsilon, alpha (epsilon - KL)
        alpha_mean_raw = dual_step(
            lambda alpha_mean: lagrange_dual(alpha_mean, EPSILON_MEAN, mean_kl), state.alpha_mean_raw, DUAL_LR, updates
        )
        # alpha_cov: multiplier of the covariance's part of KL(pi_theta || pi_old) <= epsilon, alpha (epsilon - KL)
        alpha_cov_raw = dual_step(
            lambda alpha_cov: lagrange_dual(alpha_cov, EPSILON_COV, cov_kl), state.alpha_cov_raw, DUAL_LR, updates
        )
        # bounds_eta: dual of the penalty, eta_c epsilon + eta_c E_s log E exp(c/eta_c)
        bounds_raw = dual_step(
            lambda bounds_eta: temperature_dual(cost, bounds_eta, EPSILON_BOUNDS, dim=1),
            state.bounds_raw,
            BOUNDS_LR,
            updates,
        )

        critic = copy_every(critic, updates, COPY_EVERY)
        policy = copy_every(policy, updates, COPY_EVERY)

        metrics = {
            "value_loss": critic_loss,
            "policy_loss": policy_cost,
            "value_gradient": row_norm(critic_gradient),
            "policy_gradient": row_norm(policy_gradient),
            "alpha_mean": alpha_mean.mean(-1),
            "alpha_cov": alpha_cov.mean(-1),
            "bounds_eta": bounds_eta.mean(-1),
            "q_mean": seed_average(prediction),
            "entropy": average(full_entropy(scale)),
            "score_min": seed_least(score),
            "score_max": seed_largest(score),
            "std_mean": seed_average(deviations(scale)),
            "std_min": seed_least(deviations(scale)),
            "kl_mean": mean_kl.sum(-1),
            "kl_cov": cov_kl.sum(-1),
        }
        state = state._replace(
            critic=critic,
            policy=policy,
            alpha_mean_raw=alpha_mean_raw,
            alpha_cov_raw=alpha_cov_raw,
            bounds_raw=bounds_raw,
            updates=updates,
        )
        return state, metrics
