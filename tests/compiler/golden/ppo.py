"""ppo: KL control, emitted by taxon from its row.

pi_q = pi_theta, pi_p = pi_q, pi_q.update = SG + TR, pi_p.update = pi_q, G = A^pi_p, G.estimate = GAE,
pi_theta = N(mu_theta(s), Sigma_theta)

Proximal Policy Optimisation with an adaptive KL penalty (Schulman et al. 2017, Section 4), as Table 1 of
Furuta et al. 2021 gives it. The clipped surrogate is `ppo_clip`.

The penalty's rule is the paper's; network, optimiser and data follow pfrl's MuJoCo script (2048 steps, ten
epochs of minibatches of 64, Adam at 3e-4 with eps 1e-5, orthogonal initialisation replaced by a variance of 1
/ fan_in, observations normalised and clipped at 5). A time limit is bootstrapped through. With discrete
actions: eight environments.

Shapes: S seeds, N environments of a seed, n stored steps, B batch, O observations, A actions, P parameters.
Every tensor of the state leads with S.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import grad_and_value

from taxon.networks.critic import state_values
from taxon.networks.gaussian import StateIndependentNormal, exp_std
from taxon.networks.initialisers import variance_scaling, zeros
from taxon.networks.mlp import Mlp
from taxon.operators.data import Episodes, Phase, Rollouts
from taxon.operators.distributions import normal_entropy, normal_log_prob, normal_sample
from taxon.operators.divergences import normal_kl
from taxon.operators.e_step import standardise
from taxon.operators.functional import average, seed_average, seed_least
from taxon.operators.losses import explained_variance, squared_error
from taxon.operators.noise import no_noise, standard_normal
from taxon.operators.normaliser import Statistics, empty_statistics, normalise, update_statistics
from taxon.operators.observations import Observation, flat_size
from taxon.operators.optimisers import Trained, adam, clip_norm, row_norm, trained
from taxon.operators.policy_gradient import adapt_coefficient, approximate_kl, surrogate, valid_average
from taxon.operators.returns import generalised_advantages

ENVIRONMENTS = 1  # environments of a seed
STEPS = 2048  # steps of each environment in a round
BATCH = 64  # minibatch
POLICY_EPOCHS = 10  # passes of the policy over a round
POLICY_UPDATES = POLICY_EPOCHS * ENVIRONMENTS * STEPS // BATCH  # minibatches of the policy in a round
VALUE_EPOCHS = 10  # passes of the critic over a round
VALUE_UPDATES = VALUE_EPOCHS * ENVIRONMENTS * STEPS // BATCH  # minibatches of the critic in a round
INPUT_EPS = 1e-08  # added to the observations' deviation
INPUT_UNTIL = 1_000_000_000  # observations after which the statistics stand still
INPUT_CLIP = 5.0  # largest normalised observation
POLICY_LR = 0.0003  # learning rate of the policy
CLIP_NORM = 0.5  # largest norm of a gradient
VALUE_LR = 0.0003  # learning rate of the critic
LAMBDA = 0.95  # of the estimator: 0 looks one step ahead, 1 to the end
GAMMA = 0.99  # discount
TARGET_KL = 0.01  # target of KL(pi_p || pi_q)
KL_TOLERANCE = 1.5  # how far off the target eta stays, as a factor
FACTOR = 2.0  # how fast eta adapts
ETA_START = 1.0  # eta at the start

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
    eta: Tensor  # [S]
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
    old_log_prob: Tensor  # [S, B]
    old_mean: Tensor  # [S, B, A]
    old_std: Tensor  # [S, B, A]


class PenaltyBatch(NamedTuple):
    """All stored steps, and what was computed of them."""

    observation: Tensor  # [S, n, O]
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
            Phase("policy", POLICY_UPDATES, PolicyBatch, self.refresh_policy, no_noise, self.update_policy),
            Phase("penalty", 1, PenaltyBatch, None, no_noise, self.update_penalty, whole=True),
            Phase("value", VALUE_UPDATES, ValueBatch, None, no_noise, self.update_value),
        )

    def init(self, generators: Sequence[torch.Generator]) -> State:
        """A fresh state, one generator for each seed."""
        return State(
            policy=trained(torch.stack([self.policy.init(generator) for generator in generators])),
            critic=trained(torch.stack([self.critic.init(generator) for generator in generators])),
            eta=torch.full((len(generators),), float(ETA_START)),
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
        critic = adam(state.critic, clip_norm(critic_gradient, CLIP_NORM), VALUE_LR, updates, eps=1e-05)

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
        value = self.v(state.critic.params, observation)
        # A_t = sum_l (gamma lambda)^l delta_t+l, delta = r + gamma V(s') - V(s); V follows A + V
        advantage = generalised_advantages(
            episodes.reward, value, next_value, episodes.terminated, episodes.ended, GAMMA, LAMBDA
        )
        target = advantage + value
        advantage = standardise(advantage, episodes.valid)
        old_mean, old_std = self.policy.apply(state.policy.params, observation)
        old_log_prob = normal_log_prob(old_mean, old_std, episodes.action)
        return {
            "target": target,
            "advantage": advantage,
            "old_log_prob": old_log_prob,
            "old_mean": old_mean,
            "old_std": old_std,
        }

    def update_policy(self, state: State, batch: PolicyBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """One minibatch: the policy. Every metric is [S]."""
        updates = state.policy_updates + 1
        observation = self.normalise(state, batch.observation)

        def policy_loss(policy: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """-E[rho G], rho = pi_theta / pi_old at the action taken, and the divergence."""
            mean, std = self.policy.apply(policy, observation)
            log_prob = normal_log_prob(mean, std, batch.action)
            loss = surrogate(log_prob, batch.old_log_prob, batch.advantage)
            loss = loss + state.eta * average(normal_kl(batch.old_mean, batch.old_std, mean, std))
            return loss.sum(), (loss, log_prob, std)

        policy_gradient, (_, (policy_cost, log_prob, std)) = grad_and_value(policy_loss, has_aux=True)(
            state.policy.params
        )
        policy = adam(state.policy, clip_norm(policy_gradient, CLIP_NORM), POLICY_LR, updates, eps=1e-05)
        policy = policy._replace(params=self.policy.project(policy.params, -20.0, 2.0))

        metrics = {
            "policy_loss": policy_cost,
            "policy_gradient": row_norm(policy_gradient),
            "approx_kl": approximate_kl(log_prob, batch.old_log_prob),
            "entropy": average(normal_entropy(std)),
            "std_mean": seed_average(std),
            "std_min": seed_least(std),
        }
        state = state._replace(policy=policy, policy_updates=updates)
        return state, metrics

    def update_penalty(self, state: State, batch: PenaltyBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """eta grows where the round moved the policy further than the target, and shrinks where it moved less."""
        observation = self.normalise(state, batch.observation)

        mean, std = self.policy.apply(state.policy.params, observation)
        kl = valid_average(normal_kl(batch.old_mean, batch.old_std, mean, std), batch.valid)
        eta = adapt_coefficient(state.eta, kl, TARGET_KL, KL_TOLERANCE, FACTOR)
        return state._replace(eta=eta), {"kl": kl, "eta": eta}
