"""vmpo: EM control, emitted by taxon from its row.

pi_q = Non-parametric, pi_p = pi_theta, pi_q.update = Analytic + TR, pi_p.update = SG + TR, G = A^pi_p,
G.estimate = n-step TD, pi_theta = Softmax

V-MPO (Song et al. 2020), as Table 1 of Furuta et al. 2021 gives it: the top half of the advantages, a dual
for the temperature and a trust region on mean and covariance apart.

The bounds are those of small published reimplementations on MuJoCo (0.01 for the E-step, 0.01 and 5e-5 for
mean and covariance; for discrete actions 0.02 and 0.01); the old policy is the one that collected the round.

Shapes: S seeds, N environments of a seed, n stored steps, B batch, O observations, A actions, P parameters.
Every tensor of the state leads with S.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import grad, grad_and_value

from taxon.networks.critic import state_values
from taxon.networks.heads import Categorical
from taxon.networks.initialisers import fan_in_uniform, variance_scaling, zeros
from taxon.networks.mlp import Mlp
from taxon.operators.categorical import (
    categorical_entropy,
    categorical_kl,
    categorical_log_prob,
    categorical_sample,
    mode,
)
from taxon.operators.data import Episodes, Phase, Rollouts
from taxon.operators.duals import lagrange_dual, positive, project
from taxon.operators.e_step import mean_one, softmax_weights, temperature_dual, top_half, weights_kl
from taxon.operators.functional import average, elu, seed_largest, seed_least
from taxon.operators.losses import explained_variance, squared_error, weighted_likelihood
from taxon.operators.noise import no_noise, uniform
from taxon.operators.observations import Observation, flat_size
from taxon.operators.optimisers import Trained, adam, clip_norm, row_norm, trained
from taxon.operators.returns import n_step_returns

ENVIRONMENTS = 8  # environments of a seed
STEPS = 128  # steps of each environment in a round
BATCH = 256  # minibatch
POLICY_EPOCHS = 8  # passes of the policy over a round
POLICY_UPDATES = POLICY_EPOCHS * ENVIRONMENTS * STEPS // BATCH  # minibatches of the policy in a round
VALUE_EPOCHS = 8  # passes of the critic over a round
VALUE_UPDATES = VALUE_EPOCHS * ENVIRONMENTS * STEPS // BATCH  # minibatches of the critic in a round
POLICY_LR = 0.001  # learning rate of the policy
CLIP_NORM = 0.5  # largest norm of a gradient
VALUE_LR = 0.001  # learning rate of the critic
N_STEPS = 5  # steps before the estimate bootstraps
GAMMA = 0.99  # discount
DUAL_LR = 0.01  # learning rate of the multipliers
EPSILON = 0.02  # bound on KL(pi_q || pi_p)
EPSILON_POLICY = 0.01  # bound on KL(pi_old || pi_theta)

DATA = Rollouts(
    environments=ENVIRONMENTS,
    steps=STEPS,
    batch=BATCH,
    restarts=False,
    group=1,
)


class State(NamedTuple):
    """All that training changes."""

    policy: Trained  # [S, P]
    critic: Trained  # [S, P]
    eta_raw: Trained  # [S, 1]
    alpha_raw: Trained  # [S, 1]
    value_updates: Tensor  # [S]
    policy_updates: Tensor  # [S]


class Memory(NamedTuple):
    """What acting keeps from step to step of an episode: nothing."""


class ValueBatch(NamedTuple):
    """Stored steps, and what was computed of them."""

    observation: Tensor  # [S, B, O]
    target: Tensor  # [S, B]


class PolicyBatch(NamedTuple):
    """Stored steps, and what was computed of them."""

    observation: Tensor  # [S, B, O]
    action: Tensor  # [S, B, A]
    advantage: Tensor  # [S, B]
    old_logits: Tensor  # [S, B, A]


def dual_step(dual: Callable[[Tensor], Tensor], raw: Trained, updates: Tensor) -> Trained:
    """A step down the gradient of a multiplier's dual [S], by its parameter: [S, 1] or [S, A]."""
    gradient = grad(lambda params: dual(positive(params)).sum())(raw.params)
    raw = adam(raw, clip_norm(gradient, CLIP_NORM), DUAL_LR, updates)
    return raw._replace(params=project(raw.params))


class Agent:
    """Networks, acting and updates for observations of one layout and `action` choices."""

    discrete = True

    def __init__(self, observation: Observation, action: int) -> None:
        self.observations, self.actions = flat_size(observation), action
        trunk = Mlp(
            [self.observations, 64, 64, action],
            elu,
            layer_norm="first",
            weight_init=variance_scaling(0.33, "fan_out", "uniform"),
            bias_init=fan_in_uniform,
            head_init=variance_scaling(0.0001, "fan_in", "normal"),
            head_bias=zeros,
        )
        self.policy = Categorical(trunk)
        self.critic = Mlp(
            [self.observations, 64, 64, 1],
            elu,
            layer_norm="first",
            weight_init=variance_scaling(0.33, "fan_out", "uniform"),
            bias_init=fan_in_uniform,
            head_init=variance_scaling(0.33, "fan_out", "uniform"),
            head_bias=fan_in_uniform,
        )
        self.columns: dict[str, tuple[int, ...]] = {}  # what `act` adds to a stored step
        self.phases = (
            Phase("policy", POLICY_UPDATES, PolicyBatch, self.refresh_policy, no_noise, self.update_policy),
            Phase("value", VALUE_UPDATES, ValueBatch, None, no_noise, self.update_value),
        )

    def init(self, generators: Sequence[torch.Generator]) -> State:
        """A fresh state, one generator for each seed."""
        return State(
            policy=trained(torch.stack([self.policy.init(generator) for generator in generators])),
            critic=trained(torch.stack([self.critic.init(generator) for generator in generators])),
            eta_raw=trained(torch.full((len(generators), 1), 1.0)),
            alpha_raw=trained(torch.full((len(generators), 1), 1.0)),
            value_updates=torch.zeros(len(generators), dtype=torch.int64),
            policy_updates=torch.zeros(len(generators), dtype=torch.int64),
        )

    def memory(self, seeds: int, environments: int, device: torch.device) -> Memory:
        """The memory at an episode's start, for every environment."""
        return Memory()

    def observe(self, state: State, observation: Tensor) -> State:
        """New raw observations, [S, n, O]: nothing to learn from them."""
        return state

    def act_noise(self, generators: Sequence[torch.Generator], environments: int, device: torch.device) -> Tensor:
        """What `act` reads: uniform draws [S, N, A], a generator for each seed."""
        return uniform(generators, environments, self.actions, device=device)

    def act(self, state: State, memory: Memory, observation: Tensor, noise: Tensor) -> tuple[Memory, dict[str, Tensor]]:
        """Draws of pi_theta: observation [S, N, O], noise [S, N, A] -> action [S, N, A], one-hot."""
        logits = self.policy.apply(state.policy.params, observation)
        action = categorical_sample(logits, noise)
        return memory, {"action": action}

    def act_mean(self, state: State, memory: Memory, observation: Tensor) -> tuple[Memory, Tensor]:
        """The likeliest action, for evaluation: [S, N, O] -> [S, N, A], one-hot."""
        action = mode(self.policy.apply(state.policy.params, observation))
        return memory, action

    def act_random(self, uniform: Tensor) -> dict[str, Tensor]:
        """Uniform choices, one-hot: uniform in [0, 1), [S, N, A] -> action [S, N, A]."""
        action = mode(uniform)
        return {"action": action}

    def v(self, critic: Tensor, observation: Tensor) -> Tensor:
        """V(s): [S, P], [S, B, O] -> [S, B]."""
        return state_values(self.critic, critic, observation)

    def update_value(self, state: State, batch: ValueBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """One minibatch of the critic. Every metric is [S]."""
        updates = state.value_updates + 1

        def value_loss(critic: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """1/2 E[(target - V(s))^2]."""
            prediction = state_values(self.critic, critic, batch.observation)
            loss = squared_error(prediction, batch.target)
            return loss.sum(), (loss, prediction)

        critic_gradient, (_, (critic_loss, prediction)) = grad_and_value(value_loss, has_aux=True)(state.critic.params)
        critic = adam(state.critic, clip_norm(critic_gradient, CLIP_NORM), VALUE_LR, updates)

        metrics = {
            "value_loss": critic_loss,
            "value_gradient": row_norm(critic_gradient),
            "explained_variance": explained_variance(prediction, batch.target),
        }
        state = state._replace(critic=critic, value_updates=updates)
        return state, metrics

    def refresh_policy(
        self, state: State, episodes: Episodes, generators: Sequence[torch.Generator]
    ) -> dict[str, Tensor]:
        """What the updates read of every stored step: targets, advantages, the policy that acted."""
        next_value = self.v(state.critic.params, episodes.next_observation)
        # G_t = r_t + gamma r_t+1 + ... + gamma^n V(s_t+n)
        target = n_step_returns(episodes.reward, next_value, episodes.terminated, episodes.ended, GAMMA, N_STEPS)
        value = self.v(state.critic.params, episodes.observation)
        # A(s, a) = G - V(s)
        advantage = target - value
        old_logits = self.policy.apply(state.policy.params, episodes.observation)
        return {"target": target, "advantage": advantage, "old_logits": old_logits}

    def update_policy(self, state: State, batch: PolicyBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """One minibatch: the policy and its multipliers. Every metric is [S]."""
        updates = state.policy_updates + 1
        eta = positive(state.eta_raw.params)
        alpha = positive(state.alpha_raw.params)

        # E-step: the actions in the data and their advantages, w = f(G) / Z
        score = batch.advantage
        kept = top_half(score)
        weights = mean_one(softmax_weights(score, eta, dim=-1, mask=kept))
        kl_q = weights_kl(weights, dim=-1, mask=kept)

        def policy_loss(policy: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """-E_s sum w log pi_theta(a|s), inside the trust region."""
            logits = self.policy.apply(policy, batch.observation)
            loss = weighted_likelihood(weights, categorical_log_prob(logits, batch.action))
            # KL(pi_old || pi_theta), weighted by its multiplier
            policy_kl = average(categorical_kl(batch.old_logits, logits)).unsqueeze(-1)
            loss = loss + (alpha * policy_kl).sum(-1)
            return loss.sum(), (loss, logits, policy_kl)

        policy_gradient, (_, (policy_cost, logits, policy_kl)) = grad_and_value(policy_loss, has_aux=True)(
            state.policy.params
        )
        policy = adam(state.policy, clip_norm(policy_gradient, CLIP_NORM), POLICY_LR, updates)

        # eta: dual of the E-step, eta epsilon + eta E_s log E_{pi_p} exp(G/eta)
        eta_raw = dual_step(
            lambda eta: temperature_dual(score, eta, EPSILON, dim=-1, mask=kept), state.eta_raw, updates
        )
        # alpha: multiplier of KL(pi_old || pi_theta) <= epsilon, alpha (epsilon - KL)
        alpha_raw = dual_step(lambda alpha: lagrange_dual(alpha, EPSILON_POLICY, policy_kl), state.alpha_raw, updates)

        metrics = {
            "policy_loss": policy_cost,
            "policy_gradient": row_norm(policy_gradient),
            "kl_q_rel": kl_q / EPSILON,
            "score_min": seed_least(score),
            "score_max": seed_largest(score),
            "eta": eta.mean(-1),
            "alpha": alpha.mean(-1),
            "entropy": average(categorical_entropy(logits)),
            "kl": policy_kl.sum(-1),
        }
        state = state._replace(policy=policy, eta_raw=eta_raw, alpha_raw=alpha_raw, policy_updates=updates)
        return state, metrics
