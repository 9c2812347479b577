"""sac_notanh: KL control, emitted by taxon from its row.

pi_q = pi_theta, pi_p = Fixed, pi_q.update = SG, pi_p.update = (Fixed to Unif.), G = Q_soft^pi_q, G.estimate =
TD(0) + TD3, pi_theta = N(mu_theta(s), Sigma_theta(s))

SAC without tanh, its actions held by MPO's penalty (Furuta et al. 2021, Table 3, SAC without tanh).

Shapes: S seeds, E critics, B batch, M actions drawn at a state, O observations, A actions, P parameters.
Every tensor of the state leads with S.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import grad, grad_and_value

from taxon.networks.critic import action_values
from taxon.networks.gaussian import StateDependentNormal, exp_std
from taxon.networks.initialisers import fan_in_uniform, xavier_uniform
from taxon.networks.mlp import Mlp, ensemble_init
from taxon.operators.bounds import out_of_bounds_cost
from taxon.operators.data import Phase, Replay
from taxon.operators.distributions import normal_log_prob, normal_sample
from taxon.operators.duals import entropy_dual, positive, project, project_log
from taxon.operators.e_step import softmax_weights, temperature_dual
from taxon.operators.functional import average, seed_average, seed_least
from taxon.operators.losses import squared_error, weighted_likelihood
from taxon.operators.noise import standard_normal
from taxon.operators.observations import Observation, flat_size
from taxon.operators.optimisers import Lagged, Trained, adam, lagged, polyak, row_norm, trained
from taxon.operators.returns import td_target

BATCH = 256  # minibatch
TARGET_ENTROPY = -1.0  # target entropy of one action dimension, in nats
DUAL_LR = 0.0003  # learning rate of the multipliers
POLICY_LR = 0.0003  # learning rate of the policy
VALUE_LR = 0.0003  # learning rate of the critic
GAMMA = 0.99  # discount
BOUNDS_LR = 0.01  # learning rate of the penalty's temperature
EPSILON_BOUNDS = 0.001  # epsilon of the penalty's dual
TAU = 0.005  # step of the lagged copies

DATA = Replay(
    capacity=1_000_000,
    batch=BATCH,
    warmup=10_000,
    random_warmup=True,
    steps_per_update=1,
    sequence=1,
    episodes=False,
    environments=1,
)


class State(NamedTuple):
    """All that training changes."""

    policy: Trained  # [S, P]
    critic: Lagged  # [S, E, P]
    log_eta: Trained  # [S, 1]
    bounds_raw: Trained  # [S, 1]
    updates: Tensor  # [S]


class Memory(NamedTuple):
    """What acting keeps from step to step of an episode: nothing."""


class Batch(NamedTuple):
    """Stored steps."""

    observation: Tensor  # [S, B, O]
    action: Tensor  # [S, B, A]
    reward: Tensor  # [S, B]
    next_observation: Tensor  # [S, B, O]
    terminated: Tensor  # [S, B]


class Noise(NamedTuple):
    """The standard normal draws of one update."""

    next_action: Tensor  # [S, BATCH, A]
    action: Tensor  # [S, BATCH, A]
    bounds: Tensor  # [S, 20, BATCH, A]


def dual_step(dual: Callable[[Tensor], Tensor], raw: Trained, lr: float | Tensor, updates: Tensor) -> Trained:
    """A step down the gradient of a multiplier's dual [S], by its parameter: [S, 1] or [S, A]."""
    gradient = grad(lambda params: dual(torch.exp(params)).sum())(raw.params)
    raw = adam(raw, gradient, lr, updates)
    return raw._replace(params=project_log(raw.params))


def bounds_step(dual: Callable[[Tensor], Tensor], raw: Trained, lr: float | Tensor, updates: Tensor) -> Trained:
    """A step down the gradient of a multiplier's dual [S], by its parameter: [S, 1] or [S, A]."""
    gradient = grad(lambda params: dual(positive(params)).sum())(raw.params)
    raw = adam(raw, gradient, lr, updates)
    return raw._replace(params=project(raw.params))


class Agent:
    """Networks, acting and updates for observations of one layout and `action` numbers."""

    discrete = False

    def __init__(self, observation: Observation, action: int) -> None:
        self.observations, self.actions = flat_size(observation), action
        self.target_entropy = TARGET_ENTROPY * action
        trunk = Mlp(
            [self.observations, 256, 256, 2 * action],
            F.relu,
            layer_norm="none",
            weight_init=xavier_uniform(1.0),
            bias_init=fan_in_uniform,
            head_init=xavier_uniform(1.0),
            head_bias=fan_in_uniform,
        )
        self.policy = StateDependentNormal(trunk, exp_std(-20.0, 2.0))
        self.critic = Mlp(
            [self.observations + action, 256, 256, 1],
            F.relu,
            layer_norm="none",
            weight_init=xavier_uniform(1.0),
            bias_init=fan_in_uniform,
            head_init=xavier_uniform(1.0),
            head_bias=fan_in_uniform,
        )
        self.columns: dict[str, tuple[int, ...]] = {}  # what `act` adds to a stored step
        self.phases = (Phase("update", 1, Batch, None, self.noise, self.update),)

    def init(self, generators: Sequence[torch.Generator]) -> State:
        """A fresh state, one generator for each seed."""
        return State(
            policy=trained(torch.stack([self.policy.init(generator) for generator in generators])),
            critic=lagged(torch.stack([ensemble_init(self.critic, generator, 2) for generator in generators])),
            log_eta=trained(torch.full((len(generators), 1), 0.0)),
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
        """Draws of pi_theta: observation [S, N, O], noise [S, N, A] -> action [S, N, A]."""
        mean, std = self.policy.apply(state.policy.params, observation)
        action = normal_sample(mean, std, noise)
        return memory, {"action": action}

    def act_mean(self, state: State, memory: Memory, observation: Tensor) -> tuple[Memory, Tensor]:
        """The mean action, for evaluation: [S, N, O] -> [S, N, A]."""
        action, _ = self.policy.apply(state.policy.params, observation)
        return memory, action

    def act_random(self, uniform: Tensor) -> dict[str, Tensor]:
        """Uniform actions: uniform in [0, 1), [S, N, A] -> action [S, N, A] in [-1, 1)."""
        action = 2 * uniform - 1
        return {"action": action}

    def noise(self, generators: Sequence[torch.Generator], device: torch.device) -> Noise:
        """The standard normal draws of one update, a generator for each seed."""
        return Noise(
            next_action=standard_normal(generators, BATCH, self.actions, device=device),
            action=standard_normal(generators, BATCH, self.actions, device=device),
            bounds=standard_normal(generators, 20, BATCH, self.actions, device=device),
        )

    def q(self, critic: Tensor, observation: Tensor, action: Tensor) -> Tensor:
        """Q(s, a), the smaller of two: [S, E, P], [S, B, O], [S, ..., B, A] -> [S, ..., B]."""
        values = action_values(self.critic, critic, observation, action)
        return values.amin(1)

    def update(self, state: State, batch: Batch, noise: Noise) -> tuple[State, dict[str, Tensor]]:
        """One minibatch: critic, policy, multipliers and lagged copies. Every metric is [S]."""
        updates = state.updates + 1
        eta = torch.exp(state.log_eta.params)
        bounds_eta = positive(state.bounds_raw.params)

        # V(s') = E[Q(s', a') - eta log pi(a'|s')] over one action of the policy
        next_mean, next_std = self.policy.apply(state.policy.params, batch.next_observation)
        next_action = normal_sample(next_mean, next_std, noise.next_action)
        next_q = self.q(state.critic.target, batch.next_observation, next_action)
        next_log_prob = normal_log_prob(next_mean, next_std, next_action)
        next_value = next_q - eta * next_log_prob
        # y = r + gamma V(s'); only termination ends the sum
        target = td_target(batch.reward, next_value, batch.terminated, GAMMA)

        def value_loss(critic: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """1/2 E[(target - Q(s, a))^2], summed over the critics."""
            prediction = action_values(self.critic, critic, batch.observation, batch.action)
            loss = squared_error(prediction, target)
            return loss.sum(), (loss, prediction)

        critic_gradient, (_, (critic_loss, prediction)) = grad_and_value(value_loss, has_aux=True)(state.critic.params)
        critic = adam(state.critic, critic_gradient, VALUE_LR, updates)

        # bounds: a second E-step at 20 actions of the policy, G = minus the distance to the box
        bounds_mean, bounds_std = self.policy.apply(state.policy.params, batch.observation)
        bounds_action = normal_sample(bounds_mean.unsqueeze(1), bounds_std.unsqueeze(1), noise.bounds)
        cost = out_of_bounds_cost(bounds_action)
        bounds_weights = softmax_weights(cost, bounds_eta, dim=1)

        def policy_loss(policy: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """-E[G - eta log pi_q], reparameterised; pi_p is uniform and drops out."""
            mean, std = self.policy.apply(policy, batch.observation)
            action = normal_sample(mean, std, noise.action)
            log_prob = normal_log_prob(mean, std, action)
            loss = average(eta * log_prob - self.q(critic.params, batch.observation, action))
            bounds_log_prob = normal_log_prob(mean.unsqueeze(1), std.unsqueeze(1), bounds_action)
            loss = loss + weighted_likelihood(bounds_weights, bounds_log_prob)
            return loss.sum(), (loss, log_prob, std)

        policy_gradient, (_, (policy_cost, log_prob, std)) = grad_and_value(policy_loss, has_aux=True)(
            state.policy.params
        )
        policy = adam(state.policy, policy_gradient, POLICY_LR, updates)

        # eta: dual of the entropy constraint, -eta H - eta E[log pi_q]
        log_eta = dual_step(
            lambda eta: entropy_dual(eta, log_prob, self.target_entropy), state.log_eta, DUAL_LR, updates
        )
        # bounds_eta: dual of the penalty, eta_c epsilon + eta_c E_s log E exp(c/eta_c)
        bounds_raw = bounds_step(
            lambda bounds_eta: temperature_dual(cost, bounds_eta, EPSILON_BOUNDS, dim=1),
            state.bounds_raw,
            BOUNDS_LR,
            updates,
        )

        critic = polyak(critic, TAU)

        metrics = {
            "value_loss": critic_loss,
            "policy_loss": policy_cost,
            "value_gradient": row_norm(critic_gradient),
            "policy_gradient": row_norm(policy_gradient),
            "eta": eta.mean(-1),
            "bounds_eta": bounds_eta.mean(-1),
            "q_mean": seed_average(prediction),
            "entropy": -average(log_prob),
            "std_mean": seed_average(std),
            "std_min": seed_least(std),
        }
        state = state._replace(critic=critic, policy=policy, log_eta=log_eta, bounds_raw=bounds_raw, updates=updates)
        return state, metrics
