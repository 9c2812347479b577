"""trpo: KL control, emitted by taxon from its row.

pi_q = pi_theta, pi_p = pi_q, pi_q.update = TR, pi_p.update = pi_q, G = A^pi_p, G.estimate = TD(1), pi_theta =
N(mu_theta(s), Sigma_theta)

Trust Region Policy Optimisation (Schulman et al. 2015), as Table 1 of Furuta et al. 2021 gives it: TD(1)
advantages.

Step and network follow pfrl's MuJoCo script (5000 steps a round, delta 0.01, damping 0.1, ten halvings, five
passes of the critic), with the paper's ten conjugate-gradient iterations; most code takes GAE(0.97) in place
of TD(1): that is `trpo_gae`.

Shapes: S seeds, N environments of a seed, n stored steps, B batch, O observations, A actions, P parameters.
Every tensor of the state leads with S.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import grad, grad_and_value

from taxon.networks.critic import state_values
from taxon.networks.gaussian import StateIndependentNormal, exp_std
from taxon.networks.initialisers import variance_scaling, zeros
from taxon.networks.mlp import Mlp
from taxon.operators.data import Episodes, Phase, Rollouts
from taxon.operators.distributions import normal_entropy, normal_log_prob, normal_sample
from taxon.operators.divergences import normal_kl
from taxon.operators.e_step import standardise
from taxon.operators.functional import seed_average, seed_least
from taxon.operators.losses import explained_variance, squared_error
from taxon.operators.noise import no_noise, standard_normal
from taxon.operators.normaliser import Statistics, empty_statistics, normalise, update_statistics
from taxon.operators.observations import Observation, flat_size
from taxon.operators.optimisers import Trained, adam, row_norm, trained
from taxon.operators.policy_gradient import surrogate, valid_average
from taxon.operators.returns import lambda_returns
from taxon.operators.trust_region import conjugate_gradient, line_search, natural_step

ENVIRONMENTS = 1  # environments of a seed
STEPS = 5000  # steps of each environment in a round
BATCH = 64  # minibatch
VALUE_EPOCHS = 5  # passes of the critic over a round
VALUE_UPDATES = math.ceil(VALUE_EPOCHS * ENVIRONMENTS * STEPS / BATCH)  # minibatches of the critic in a round
INPUT_EPS = 1e-08  # added to the observations' deviation
INPUT_UNTIL = 1_000_000_000  # observations after which the statistics stand still
INPUT_CLIP = 5.0  # largest normalised observation
VALUE_LR = 0.001  # learning rate of the critic
LAMBDA = 1.0  # of the estimator: 0 looks one step ahead, 1 to the end
GAMMA = 0.995  # discount
DELTA = 0.01  # bound on KL(pi_p || pi_q) of a step
DAMPING = 0.1  # added to the Fisher matrix
CG_ITERATIONS = 10  # of the conjugate gradients
TRIES = 10  # step sizes of the line search
SHRINK = 0.5  # from one step size to the next

DATA = Rollouts(
    environments=ENVIRONMENTS,
    steps=STEPS,
    batch=BATCH,
    restarts=False,
    group=1,
)


class State(NamedTuple):
    """All that training changes."""

    policy: Tensor  # [S, P]
    critic: Trained  # [S, P]
    statistics: Statistics
    value_updates: Tensor  # [S]
    policy_updates: Tensor  # [S]


class Memory(NamedTuple):
    """What acting keeps from step to step of an episode: nothing."""


class ValueBatch(NamedTuple):
    """Stored steps, and what was computed of them."""

    observation: Tensor  # [S, B, O]
    target: Tensor  # [S, B]


class PolicyBatch(NamedTuple):
    """All stored steps, and what was computed of them."""

    observation: Tensor  # [S, n, O]
    action: Tensor  # [S, n, A]
    advantage: Tensor  # [S, n]
    old_log_prob: Tensor  # [S, n]
    old_mean: Tensor  # [S, n, A]
    old_std: Tensor  # [S, n, A]
    valid: Tensor  # [S, n]


class Agent:
    """Networks, acting and updates for observations of one layout and `action` numbers."""

    discrete = False

    def __init__(self, observation: Observation, action: int) -> None:
        self.observations, self.actions = flat_size(observation), action
        trunk = Mlp(
            [self.observations, 64, 64, action],
            torch.tanh,
            layer_norm="none",
            weight_init=variance_scaling(1.0, "fan_in", "normal"),
            bias_init=zeros,
            head_init=variance_scaling(0.0001, "fan_in", "normal"),
            head_bias=zeros,
        )
        self.policy = StateIndependentNormal(trunk, exp_std(-20.0, 2.0), initial=0.0)
        self.critic = Mlp(
            [self.observations, 64, 64, 1],
            torch.tanh,
            layer_norm="none",
            weight_init=variance_scaling(1.0, "fan_in", "normal"),
            bias_init=zeros,
            head_init=variance_scaling(1.0, "fan_in", "normal"),
            head_bias=zeros,
        )
        self.columns: dict[str, tuple[int, ...]] = {}  # what `act` adds to a stored step
        self.phases = (
            Phase("policy", 1, PolicyBatch, self.refresh_policy, no_noise, self.update_policy, whole=True),
            Phase("value", VALUE_UPDATES, ValueBatch, None, no_noise, self.update_value),
        )

    def init(self, generators: Sequence[torch.Generator]) -> State:
        """A fresh state, one generator for each seed."""
        return State(
            policy=torch.stack([self.policy.init(generator) for generator in generators]),
            critic=trained(torch.stack([self.critic.init(generator) for generator in generators])),
            statistics=empty_statistics(len(generators), self.observations),
            value_updates=torch.zeros(len(generators), dtype=torch.int64),
            policy_updates=torch.zeros(len(generators), dtype=torch.int64),
        )

    def memory(self, seeds: int, environments: int, device: torch.device) -> Memory:
        """The memory at an episode's start, for every environment."""
        return Memory()

    def observe(self, state: State, observation: Tensor) -> State:
        """New raw observations, [S, n, O], enter the running statistics."""
        statistics = update_statistics(state.statistics, observation, INPUT_UNTIL)
        return state._replace(statistics=statistics)

    def normalise(self, state: State, observation: Tensor) -> Tensor:
        """Observations in units of their running statistics: [S, ..., O] -> [S, ..., O]."""
        return normalise(state.statistics, observation, INPUT_EPS, INPUT_CLIP)

    def act_noise(self, generators: Sequence[torch.Generator], environments: int, device: torch.device) -> Tensor:
        """What `act` reads: standard normal draws [S, N, A], a generator for each seed."""
        return standard_normal(generators, environments, self.actions, device=device)

    def act(self, state: State, memory: Memory, observation: Tensor, noise: Tensor) -> tuple[Memory, dict[str, Tensor]]:
        """Draws of pi_theta: observation [S, N, O], noise [S, N, A] -> action [S, N, A]."""
        mean, std = self.policy.apply(state.policy, self.normalise(state, observation))
        action = normal_sample(mean, std, noise)
        return memory, {"action": action}

    def act_mean(self, state: State, memory: Memory, observation: Tensor) -> tuple[Memory, Tensor]:
        """The mean action, for evaluation: [S, N, O] -> [S, N, A]."""
        action, _ = self.policy.apply(state.policy, self.normalise(state, observation))
        return memory, action

    def act_random(self, uniform: Tensor) -> dict[str, Tensor]:
        """Uniform actions: uniform in [0, 1), [S, N, A] -> action [S, N, A] in [-1, 1)."""
        action = 2 * uniform - 1
        return {"action": action}

    def v(self, critic: Tensor, observation: Tensor) -> Tensor:
        """V(s): [S, P], [S, B, O] -> [S, B]."""
        return state_values(self.critic, critic, observation)

    def update_value(self, state: State, batch: ValueBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """One minibatch of the critic. Every metric is [S]."""
        updates = state.value_updates + 1
        observation = self.normalise(state, batch.observation)

        def value_loss(critic: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """1/2 E[(target - V(s))^2]."""
            prediction = state_values(self.critic, critic, observation)
            loss = squared_error(prediction, batch.target)
            return loss.sum(), (loss, prediction)

        critic_gradient, (_, (critic_loss, prediction)) = grad_and_value(value_loss, has_aux=True)(state.critic.params)
        critic = adam(state.critic, critic_gradient, VALUE_LR, updates)

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
        observation = self.normalise(state, episodes.observation)
        next_observation = self.normalise(state, episodes.next_observation)

        next_value = self.v(state.critic.params, next_observation)
        # G_t = r_t + gamma [(1 - lambda) V(s_t+1) + lambda G_t+1]
        target = lambda_returns(episodes.reward, next_value, episodes.terminated, episodes.ended, GAMMA, LAMBDA)
        value = self.v(state.critic.params, observation)
        # A(s, a) = G - V(s)
        advantage = target - value
        advantage = standardise(advantage, episodes.valid)
        old_mean, old_std = self.policy.apply(state.policy, observation)
        old_log_prob = normal_log_prob(old_mean, old_std, episodes.action)
        return {
            "target": target,
            "advantage": advantage,
            "old_log_prob": old_log_prob,
            "old_mean": old_mean,
            "old_std": old_std,
        }

    def update_policy(self, state: State, batch: PolicyBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """All that was collected: the policy. Every metric is [S]."""
        updates = state.policy_updates + 1
        observation = self.normalise(state, batch.observation)

        def gain_and_divergence(policy: Tensor) -> tuple[Tensor, Tensor]:
            """E[rho G] at the actions taken, and E_s KL(pi_p || pi_theta): [S] each."""
            mean, std = self.policy.apply(policy, observation)
            log_prob = normal_log_prob(mean, std, batch.action)
            gain = -surrogate(log_prob, batch.old_log_prob, batch.advantage, batch.valid)
            return gain, valid_average(normal_kl(batch.old_mean, batch.old_std, mean, std), batch.valid)

        def gain(policy: Tensor) -> tuple[Tensor, Tensor]:
            value, _ = gain_and_divergence(policy)
            return value.sum(), value

        def divergence(policy: Tensor) -> Tensor:
            return gain_and_divergence(policy)[1].sum()

        def fisher(vector: Tensor) -> Tensor:
            """The Fisher matrix is the divergence's Hessian at pi_p: its product with a vector [S, P], damped."""
            return grad(lambda policy: (grad(divergence)(policy) * vector).sum())(state.policy) + DAMPING * vector

        # theta + sqrt(2 delta / x.Fx) x with F x = gradient, then back until the bound holds and the gain does not fall
        policy_gradient, (_, before) = grad_and_value(gain, has_aux=True)(state.policy)
        direction = conjugate_gradient(fisher, policy_gradient, CG_ITERATIONS)
        step = natural_step(direction, fisher(direction), DELTA)
        policy, fraction = line_search(gain_and_divergence, state.policy, step, before, DELTA, SHRINK, TRIES)
        policy_cost, kl = gain_and_divergence(policy)
        policy_cost = -policy_cost
        policy = self.policy.project(policy, -20.0, 2.0)

        metrics = {
            "policy_loss": policy_cost,
            "policy_gradient": row_norm(policy_gradient),
            "kl": kl,
            "step_fraction": fraction,
            "entropy": valid_average(normal_entropy(batch.old_std), batch.valid),
            "std_mean": seed_average(batch.old_std),
            "std_min": seed_least(batch.old_std),
        }
        state = state._replace(policy=policy, policy_updates=updates)
        return state, metrics
