"""td3: KL control, emitted by taxon from its row.

pi_q = pi_theta, pi_p = Fixed, pi_q.update = SG, pi_p.update = (Fixed), G = Q^pi_q, G.estimate = TD(0) + TD3,
pi_theta = mu_theta(s)

Twin Delayed DDPG (Fujimoto et al. 2018), as Table 1 of Furuta et al. 2021 gives it: clipped double Q, target
smoothing and a delayed policy.

Written out rather than derived from `ddpg`, so that it reads alone; the networks are the same.

Shapes: S seeds, E critics, B batch, O observations, A actions, P parameters. Every tensor of the state leads
with S.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import grad_and_value

from taxon.networks.critic import action_values
from taxon.networks.heads import Deterministic
from taxon.networks.initialisers import fan_in_uniform, variance_scaling
from taxon.networks.mlp import Mlp, ensemble_init
from taxon.operators.data import Phase, Replay
from taxon.operators.exploration import perturbed, smoothed
from taxon.operators.functional import average, seed_average
from taxon.operators.losses import squared_error
from taxon.operators.noise import standard_normal
from taxon.operators.observations import Observation, flat_size
from taxon.operators.optimisers import Lagged, adam, lagged, polyak, row_norm
from taxon.operators.returns import td_target

BATCH = 100  # minibatch
POLICY_LR = 0.001  # learning rate of the policy
VALUE_LR = 0.001  # learning rate of the critic
SMOOTHING_STD = 0.2  # deviation of the noise on the target's action
SMOOTHING_CLIP = 0.5  # largest noise on the target's action
GAMMA = 0.99  # discount
POLICY_EVERY = 2  # updates of the critic for each of the policy
TAU = 0.005  # step of the lagged copies
EXPLORATION_STD = 0.1  # deviation of the exploration noise

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

    policy: Lagged  # [S, P]
    critic: Lagged  # [S, E, P]
    updates: Tensor  # [S]
    policy_updates: Tensor  # [S]


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

    smoothing: Tensor  # [S, BATCH, A]


class Agent:
    """Networks, acting and updates for observations of one layout and `action` numbers."""

    discrete = False

    def __init__(self, observation: Observation, action: int) -> None:
        self.observations, self.actions = flat_size(observation), action
        trunk = Mlp(
            [self.observations, 400, 300, action],
            F.relu,
            layer_norm="none",
            weight_init=variance_scaling(0.3333, "fan_in", "uniform"),
            bias_init=fan_in_uniform,
            head_init=variance_scaling(0.3333, "fan_in", "uniform"),
            head_bias=fan_in_uniform,
        )
        self.policy = Deterministic(trunk)
        self.critic = Mlp(
            [self.observations + action, 400, 300, 1],
            F.relu,
            layer_norm="none",
            weight_init=variance_scaling(0.3333, "fan_in", "uniform"),
            bias_init=fan_in_uniform,
            head_init=variance_scaling(0.3333, "fan_in", "uniform"),
            head_bias=fan_in_uniform,
        )
        self.columns: dict[str, tuple[int, ...]] = {}  # what `act` adds to a stored step
        self.phases = (
            Phase("update", 1, Batch, None, self.noise, self.update, every=POLICY_EVERY, between=self.update_critic),
        )

    def init(self, generators: Sequence[torch.Generator]) -> State:
        """A fresh state, one generator for each seed."""
        return State(
            policy=lagged(torch.stack([self.policy.init(generator) for generator in generators])),
            critic=lagged(torch.stack([ensemble_init(self.critic, generator, 2) for generator in generators])),
            updates=torch.zeros(len(generators), dtype=torch.int64),
            policy_updates=torch.zeros(len(generators), dtype=torch.int64),
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
        """Actions of pi_theta, and noise: observation [S, N, O], noise [S, N, A] -> action [S, N, A]."""
        mean = self.policy.apply(state.policy.params, observation)
        action = perturbed(mean, noise, EXPLORATION_STD)
        return memory, {"action": action}

    def act_mean(self, state: State, memory: Memory, observation: Tensor) -> tuple[Memory, Tensor]:
        """The mean action, for evaluation: [S, N, O] -> [S, N, A]."""
        action = self.policy.apply(state.policy.params, observation)
        return memory, action

    def act_random(self, uniform: Tensor) -> dict[str, Tensor]:
        """Uniform actions: uniform in [0, 1), [S, N, A] -> action [S, N, A] in [-1, 1)."""
        action = 2 * uniform - 1
        return {"action": action}

    def noise(self, generators: Sequence[torch.Generator], device: torch.device) -> Noise:
        """The standard normal draws of one update, a generator for each seed."""
        return Noise(
            smoothing=standard_normal(generators, BATCH, self.actions, device=device),
        )

    def q(self, critic: Tensor, observation: Tensor, action: Tensor) -> Tensor:
        """Q(s, a), the smaller of two: [S, E, P], [S, B, O], [S, ..., B, A] -> [S, ..., B]."""
        values = action_values(self.critic, critic, observation, action)
        return values.amin(1)

    def update_critic(self, state: State, batch: Batch, noise: Noise) -> tuple[State, dict[str, Tensor]]:
        """One minibatch of the critic alone. Every metric is [S]."""
        updates = state.updates + 1
        # V(s') = Q(s', mu(s')) of the old policy, the action smoothed by clipped noise
        next_action = self.policy.apply(state.policy.target, batch.next_observation)
        next_action = smoothed(next_action, noise.smoothing, SMOOTHING_STD, SMOOTHING_CLIP)
        next_value = self.q(state.critic.target, batch.next_observation, next_action)
        # y = r + gamma V(s'); only termination ends the sum
        target = td_target(batch.reward, next_value, batch.terminated, GAMMA)

        def value_loss(critic: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """1/2 E[(target - Q(s, a))^2], summed over the critics."""
            prediction = action_values(self.critic, critic, batch.observation, batch.action)
            loss = squared_error(prediction, target)
            return loss.sum(), (loss, prediction)

        critic_gradient, (_, (critic_loss, prediction)) = grad_and_value(value_loss, has_aux=True)(state.critic.params)
        critic = adam(state.critic, critic_gradient, VALUE_LR, updates)

        metrics = {
            "value_loss": critic_loss,
            "value_gradient": row_norm(critic_gradient),
            "q_mean": seed_average(prediction),
        }
        state = state._replace(critic=critic, updates=updates)
        return state, metrics

    def update(self, state: State, batch: Batch, noise: Noise) -> tuple[State, dict[str, Tensor]]:
        """One minibatch: critic, policy and lagged copies. Every metric is [S]."""
        state, metrics = self.update_critic(state, batch, noise)
        updates = state.policy_updates + 1

        def policy_loss(policy: Tensor) -> tuple[Tensor, Tensor]:
            """-E[Q(s, mu(s))]: no divergence, eta is 0."""
            mean = self.policy.apply(policy, batch.observation)
            loss = -average(self.q(state.critic.params[:, :1], batch.observation, mean))
            return loss.sum(), loss

        policy_gradient, (_, policy_cost) = grad_and_value(policy_loss, has_aux=True)(state.policy.params)
        policy = adam(state.policy, policy_gradient, POLICY_LR, updates)

        critic = polyak(state.critic, TAU)
        policy = polyak(policy, TAU)

        metrics = metrics | {
            "policy_loss": policy_cost,
            "policy_gradient": row_norm(policy_gradient),
        }
        state = state._replace(policy=policy, critic=critic, policy_updates=updates)
        return state, metrics
