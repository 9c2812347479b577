"""awac: EM control, emitted by taxon from its row.

pi_q = Non-parametric, pi_p = pi_theta, pi_q.update = Analytic, pi_p.update = Mixture + SG, G = Q^pi_p,
G.estimate = TD(0), pi_theta = N(mu_theta(s), Sigma_theta)

Advantage-Weighted Actor-Critic (Nair et al. 2020), as Table 1 of Furuta et al. 2021 gives it, trained online.

Constants are those of Furuta et al. 2021's experiments. Table 1 lists TD(0) alone, while the experiments'
unmodified AWAC has two critics: that is `awac_double`. The weights are B softmax(A / eta) over the minibatch,
at most 20; `awac_exponential` is the other published reading. Here the critic is updated before the policy
reads it; the released code reads it before its update.

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
from taxon.networks.gaussian import StateIndependentNormal, softplus_variance
from taxon.networks.initialisers import fan_in_uniform, xavier_uniform
from taxon.networks.mlp import Mlp, ensemble_init
from taxon.operators.data import Phase, Replay
from taxon.operators.distributions import normal_entropy, normal_log_prob, normal_sample
from taxon.operators.e_step import batch_weights, clip_weights
from taxon.operators.functional import average, seed_average, seed_largest, seed_least
from taxon.operators.losses import squared_error, weighted_likelihood
from taxon.operators.noise import standard_normal
from taxon.operators.observations import Observation, flat_size
from taxon.operators.optimisers import Lagged, Trained, adam, lagged, polyak, row_norm, trained
from taxon.operators.returns import td_target

BATCH = 256  # minibatch
ETA = 1.0  # temperature
POLICY_LR = 0.0003  # learning rate of the policy
POLICY_DECAY = 0.0001  # L2 penalty of the policy
VALUE_LR = 0.0003  # learning rate of the critic
VALUE_DECAY = 0.0001  # L2 penalty of the critic
GAMMA = 0.99  # discount
WEIGHT_CLIP = 20.0  # largest weight
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
    baseline: Tensor  # [S, BATCH, A]


class Agent:
    """Networks, acting and updates for observations of one layout and `action` numbers."""

    discrete = False

    def __init__(self, observation: Observation, action: int) -> None:
        self.observations, self.actions = flat_size(observation), action
        trunk = Mlp(
            [self.observations, 256, 256, action],
            F.relu,
            layer_norm="none",
            weight_init=xavier_uniform(1.0),
            bias_init=fan_in_uniform,
            head_init=xavier_uniform(1.0),
            head_bias=fan_in_uniform,
        )
        self.policy = StateIndependentNormal(trunk, softplus_variance(), initial=0.0, mean=torch.tanh)
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
            critic=lagged(torch.stack([ensemble_init(self.critic, generator, 1) for generator in generators])),
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
            baseline=standard_normal(generators, BATCH, self.actions, device=device),
        )

    def q(self, critic: Tensor, observation: Tensor, action: Tensor) -> Tensor:
        """Q(s, a): [S, E, P], [S, B, O], [S, ..., B, A] -> [S, ..., B]."""
        values = action_values(self.critic, critic, observation, action)
        return values.squeeze(1)

    def update(self, state: State, batch: Batch, noise: Noise) -> tuple[State, dict[str, Tensor]]:
        """One minibatch: critic, policy and lagged copies. Every metric is [S]."""
        updates = state.updates + 1
        # V(s') = E[Q(s', a')] over one action of the policy
        next_mean, next_std = self.policy.apply(state.policy.params, batch.next_observation)
        next_action = normal_sample(next_mean, next_std, noise.next_action)
        next_value = self.q(state.critic.target, batch.next_observation, next_action)
        # y = r + gamma V(s'); only termination ends the sum
        target = td_target(batch.reward, next_value, batch.terminated, GAMMA)

        def value_loss(critic: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """1/2 E[(target - Q(s, a))^2]."""
            prediction = action_values(self.critic, critic, batch.observation, batch.action)
            loss = squared_error(prediction, target)
            return loss.sum(), (loss, prediction)

        critic_gradient, (_, (critic_loss, prediction)) = grad_and_value(value_loss, has_aux=True)(state.critic.params)
        critic = adam(state.critic, critic_gradient, VALUE_LR, updates, weight_decay=VALUE_DECAY)

        # E-step: the actions in the data, w = f(G) / Z with G = Q(s, a) - E[Q(s, .)]
        score = self.q(critic.params, batch.observation, batch.action)
        base_mean, base_std = self.policy.apply(state.policy.params, batch.observation)
        base_action = normal_sample(base_mean, base_std, noise.baseline)
        score = score - self.q(critic.params, batch.observation, base_action)
        weights = clip_weights(batch_weights(score, ETA), WEIGHT_CLIP)

        def policy_loss(policy: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """-E_s sum w log pi_theta(a|s)."""
            mean, std = self.policy.apply(policy, batch.observation)
            loss = weighted_likelihood(weights, normal_log_prob(mean, std, batch.action))
            return loss.sum(), (loss, std)

        policy_gradient, (_, (policy_cost, std)) = grad_and_value(policy_loss, has_aux=True)(state.policy.params)
        policy = adam(state.policy, policy_gradient, POLICY_LR, updates, weight_decay=POLICY_DECAY)

        critic = polyak(critic, TAU)

        metrics = {
            "value_loss": critic_loss,
            "policy_loss": policy_cost,
            "value_gradient": row_norm(critic_gradient),
            "policy_gradient": row_norm(policy_gradient),
            "score_min": seed_least(score),
            "score_max": seed_largest(score),
            "q_mean": seed_average(prediction),
            "entropy": average(normal_entropy(std)),
            "std_mean": seed_average(std),
            "std_min": seed_least(std),
        }
        state = state._replace(critic=critic, policy=policy, updates=updates)
        return state, metrics
