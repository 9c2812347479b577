"""awr: EM control, emitted by taxon from its row.

pi_q = Non-parametric, pi_p = pi_theta, pi_q.update = Analytic, pi_p.update = Mixture + SG, G = A^pi_p,
G.estimate = TD(lambda), pi_theta = N(mu_theta(s), Sigma)

Advantage-Weighted Regression (Peng et al. 2019), as Table 1 of Furuta et al. 2021 gives it.

Constants are those of Furuta et al. 2021's experiments: every 3000 steps 293 critic and 1465 policy
minibatches (200 and 1000 for each 2048 steps), standardised advantages, eta = 1, weights up to 20. The
initial weights of the policy's head are U(+-0.01) as in the released code; Table 4 prints 1e-4. The last,
unfinished episode waits until it ends; the oldest one may lose its first steps to the replay's capacity,
which changes no return of those kept.

Shapes: S seeds, n stored steps, B batch, O observations, A actions, P parameters. Every tensor of the state
leads with S.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import grad_and_value

from taxon.networks.critic import state_values
from taxon.networks.gaussian import FixedNormal
from taxon.networks.initialisers import fan_in_uniform, uniform_init, xavier_uniform, zeros
from taxon.networks.mlp import Mlp
from taxon.operators.bounds import bound_loss
from taxon.operators.data import Episodes, Phase, Replay
from taxon.operators.distributions import normal_entropy, normal_log_prob, normal_sample
from taxon.operators.e_step import exponential_weights, standardise
from taxon.operators.functional import average, seed_largest, seed_least
from taxon.operators.losses import explained_variance, squared_error, weighted_likelihood
from taxon.operators.noise import no_noise, standard_normal
from taxon.operators.normaliser import Statistics, empty_statistics, normalise, update_statistics
from taxon.operators.observations import Observation, flat_size
from taxon.operators.optimisers import Trained, row_norm, sgd, trained
from taxon.operators.pieces import pieces
from taxon.operators.returns import lambda_returns

BATCH = 256  # minibatch
VALUE_UPDATES = 293  # minibatches of the critic in a round
POLICY_UPDATES = 1465  # minibatches of the policy in a round
INPUT_EPS = 0.01  # added to the observations' deviation
INPUT_UNTIL = 300_000  # observations after which the statistics stand still
INPUT_CLIP = 5.0  # largest normalised observation
ETA = 1.0  # temperature
POLICY_LR = 5e-05  # learning rate of the policy
POLICY_MOMENTUM = 0.9  # momentum of the policy
VALUE_SCALE = 100.0  # the critic is this times its network
VALUE_LR = 0.01  # learning rate of the critic
VALUE_MOMENTUM = 0.9  # momentum of the critic
LAMBDA = 0.95  # of the estimator: 0 looks one step ahead, 1 to the end
GAMMA = 0.99  # discount
WEIGHT_CLIP = 20.0  # largest weight
BOUNDS_WEIGHT = 10.0  # of the squared distance to the box

DATA = Replay(
    capacity=50_000,
    batch=BATCH,
    warmup=3000,
    random_warmup=False,
    steps_per_update=3000,
    sequence=1,
    episodes=True,
    environments=1,
)


class State(NamedTuple):
    """All that training changes."""

    policy: Trained  # [S, P]
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
    """Stored steps, and what was computed of them."""

    observation: Tensor  # [S, B, O]
    action: Tensor  # [S, B, A]
    advantage: Tensor  # [S, B]


class Agent:
    """Networks, acting and updates for observations of one layout and `action` numbers."""

    discrete = False

    def __init__(self, observation: Observation, action: int) -> None:
        self.observations, self.actions = flat_size(observation), action
        trunk = Mlp(
            [self.observations, 128, 64, action],
            F.relu,
            layer_norm="none",
            weight_init=xavier_uniform(1.0),
            bias_init=fan_in_uniform,
            head_init=uniform_init(0.01),
            head_bias=zeros,
        )
        self.policy = FixedNormal(trunk, std=0.4)
        self.critic = Mlp(
            [self.observations, 128, 64, 1],
            F.relu,
            layer_norm="none",
            weight_init=xavier_uniform(1.0),
            bias_init=fan_in_uniform,
            head_init=xavier_uniform(1.0),
            head_bias=fan_in_uniform,
        )
        self.columns: dict[str, tuple[int, ...]] = {}  # what `act` adds to a stored step
        self.phases = (
            Phase("value", VALUE_UPDATES, ValueBatch, self.refresh_value, no_noise, self.update_value),
            Phase("policy", POLICY_UPDATES, PolicyBatch, self.refresh_policy, no_noise, self.update_policy),
        )

    def init(self, generators: Sequence[torch.Generator]) -> State:
        """A fresh state, one generator for each seed."""
        return State(
            policy=trained(torch.stack([self.policy.init(generator) for generator in generators]), moments=1),
            critic=trained(torch.stack([self.critic.init(generator) for generator in generators]), moments=1),
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
        mean, std = self.policy.apply(state.policy.params, self.normalise(state, observation))
        action = normal_sample(mean, std, noise)
        return memory, {"action": action}

    def act_mean(self, state: State, memory: Memory, observation: Tensor) -> tuple[Memory, Tensor]:
        """The mean action, for evaluation: [S, N, O] -> [S, N, A]."""
        action, _ = self.policy.apply(state.policy.params, self.normalise(state, observation))
        return memory, action

    def act_random(self, uniform: Tensor) -> dict[str, Tensor]:
        """Uniform actions: uniform in [0, 1), [S, N, A] -> action [S, N, A] in [-1, 1)."""
        action = 2 * uniform - 1
        return {"action": action}

    def v(self, critic: Tensor, observation: Tensor) -> Tensor:
        """V(s): [S, P], [S, B, O] -> [S, B]."""
        return VALUE_SCALE * state_values(self.critic, critic, observation)

    def next_values(self, state: State, batch: Episodes) -> Tensor:
        """V(s') at a piece of the stored steps: [S, n]."""
        next_observation = self.normalise(state, batch.next_observation)

        next_value = self.v(state.critic.params, next_observation)
        return next_value

    def values(self, critic: Tensor, state: State, episodes: Episodes) -> Tensor:
        """V(s) of every stored step: [S, n]."""
        return torch.cat([self.v(critic, self.normalise(state, piece.observation)) for piece in pieces(episodes)], 1)

    def targets(self, state: State, episodes: Episodes) -> Tensor:
        """G of every stored step, the critic as it stands: [S, n]."""
        next_value = torch.cat([self.next_values(state, piece) for piece in pieces(episodes)], 1)
        # G_t = r_t + gamma [(1 - lambda) V(s_t+1) + lambda G_t+1]
        target = lambda_returns(episodes.reward, next_value, episodes.terminated, episodes.ended, GAMMA, LAMBDA)
        return target

    def refresh_value(
        self, state: State, episodes: Episodes, generators: Sequence[torch.Generator]
    ) -> dict[str, Tensor]:
        """The targets of the critic's phase, fixed while it lasts."""
        return {"target": self.targets(state, episodes)}

    def update_value(self, state: State, batch: ValueBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """One minibatch of the critic. Every metric is [S]."""
        updates = state.value_updates + 1
        observation = self.normalise(state, batch.observation)

        def value_loss(critic: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """1/2 E[(target / VALUE_SCALE - V(s))^2]."""
            prediction = state_values(self.critic, critic, observation)
            loss = squared_error(prediction, batch.target / VALUE_SCALE)
            return loss.sum(), (loss, prediction)

        critic_gradient, (_, (critic_loss, prediction)) = grad_and_value(value_loss, has_aux=True)(state.critic.params)
        critic = sgd(state.critic, critic_gradient, VALUE_LR, VALUE_MOMENTUM)

        metrics = {
            "value_loss": critic_loss,
            "value_gradient": row_norm(critic_gradient),
            "explained_variance": explained_variance(prediction, batch.target / VALUE_SCALE),
        }
        state = state._replace(critic=critic, value_updates=updates)
        return state, metrics

    def refresh_policy(
        self, state: State, episodes: Episodes, generators: Sequence[torch.Generator]
    ) -> dict[str, Tensor]:
        """What the updates read of every stored step: targets, advantages."""
        target = self.targets(state, episodes)
        value = self.values(state.critic.params, state, episodes)
        # A(s, a) = G - V(s)
        advantage = target - value
        advantage = standardise(advantage, episodes.valid)
        return {"target": target, "advantage": advantage}

    def update_policy(self, state: State, batch: PolicyBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """One minibatch: the policy. Every metric is [S]."""
        updates = state.policy_updates + 1
        observation = self.normalise(state, batch.observation)

        # E-step: the actions in the data and their advantages, w = f(G) / Z
        score = batch.advantage
        weights = exponential_weights(score, ETA, WEIGHT_CLIP)

        def policy_loss(policy: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """-E_s sum w log pi_theta(a|s)."""
            mean, std = self.policy.apply(policy, observation)
            loss = weighted_likelihood(weights, normal_log_prob(mean, std, batch.action))
            loss = loss + BOUNDS_WEIGHT * bound_loss(mean)
            return loss.sum(), (loss, std)

        policy_gradient, (_, (policy_cost, std)) = grad_and_value(policy_loss, has_aux=True)(state.policy.params)
        policy = sgd(state.policy, policy_gradient, POLICY_LR, POLICY_MOMENTUM)

        metrics = {
            "policy_loss": policy_cost,
            "policy_gradient": row_norm(policy_gradient),
            "score_min": seed_least(score),
            "score_max": seed_largest(score),
            "entropy": average(normal_entropy(std)),
        }
        state = state._replace(policy=policy, policy_updates=updates)
        return state, metrics
