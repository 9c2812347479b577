"""power: EM control, emitted by taxon from its row.

pi_q = Non-parametric, pi_p = pi_theta, pi_q.update = Analytic, pi_p.update = Analytic, G = eta log Q^pi_p,
G.estimate = TD(1), pi_theta = N(mu_theta(s), Sigma_theta(s))

Policy learning by Weighting Exploration with the Returns (Kober and Peters 2008), as Table 1 of Furuta et al.
2021 gives it: a policy linear in its features, whose parameters are perturbed at every step, fitted to its
returns in closed form.

Rewards must be positive. There is no step size, no gradient and no critic. Features and the initial deviation
are choices of this spec; the paper takes those of its motor primitives.

Shapes: S seeds, N environments of a seed, n stored steps, O observations, A actions, P parameters. Every
tensor of the state leads with S.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from taxon.networks.gaussian import ParameterNormal
from taxon.networks.initialisers import uniform_init, zeros
from taxon.networks.mlp import Mlp, affine
from taxon.operators.data import Episodes, Phase, Rollouts
from taxon.operators.distributions import normal_log_prob, normal_sample
from taxon.operators.m_step import exploration_deviation, weighted_least_squares, with_constant
from taxon.operators.noise import no_noise, standard_normal
from taxon.operators.observations import Observation, flat_size
from taxon.operators.policy_gradient import valid_average
from taxon.operators.returns import returns_to_go
from taxon.operators.transforms import positive_weights

ENVIRONMENTS = 20  # environments of a seed
STEPS = 200  # steps of each environment in a round
GROUP = 1  # environments that begin their episode alike
GAMMA = 1.0  # discount
RIDGE = 0.001  # of the M-step

DATA = Rollouts(
    environments=ENVIRONMENTS,
    steps=STEPS,
    batch=1,
    restarts=True,
    group=GROUP,
)


class State(NamedTuple):
    """All that training changes."""

    policy: Tensor  # [S, P]
    policy_updates: Tensor  # [S]


class Memory(NamedTuple):
    """What acting keeps from step to step of an episode: nothing."""


class PolicyBatch(NamedTuple):
    """All stored steps, and what was computed of them."""

    observation: Tensor  # [S, n, O]
    action: Tensor  # [S, n, A]
    valid: Tensor  # [S, n]
    weight: Tensor  # [S, n]


class Agent:
    """Networks, acting and updates for observations of one layout and `action` numbers."""

    discrete = False

    def __init__(self, observation: Observation, action: int) -> None:
        self.observations, self.actions = flat_size(observation), action
        trunk = Mlp(
            [self.observations, action],
            torch.tanh,
            head_init=uniform_init(0.001),
            head_bias=zeros,
        )
        self.policy = ParameterNormal(trunk, initial=0.3)
        self.columns: dict[str, tuple[int, ...]] = {}  # what `act` adds to a stored step
        self.phases = (Phase("policy", 1, PolicyBatch, self.refresh_policy, no_noise, self.update_policy, whole=True),)

    def init(self, generators: Sequence[torch.Generator]) -> State:
        """A fresh state, one generator for each seed."""
        return State(
            policy=torch.stack([self.policy.init(generator) for generator in generators]),
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
        """Draws of pi_theta: observation [S, N, O], noise [S, N, A] -> action [S, N, A]."""
        mean, std = self.policy.apply(state.policy, observation)
        action = normal_sample(mean, std, noise)
        return memory, {"action": action}

    def act_mean(self, state: State, memory: Memory, observation: Tensor) -> tuple[Memory, Tensor]:
        """The mean action, for evaluation: [S, N, O] -> [S, N, A]."""
        action, _ = self.policy.apply(state.policy, observation)
        return memory, action

    def act_random(self, uniform: Tensor) -> dict[str, Tensor]:
        """Uniform actions: uniform in [0, 1), [S, N, A] -> action [S, N, A] in [-1, 1)."""
        action = 2 * uniform - 1
        return {"action": action}

    def refresh_policy(
        self, state: State, episodes: Episodes, generators: Sequence[torch.Generator]
    ) -> dict[str, Tensor]:
        """What the updates read of every stored step: weights."""
        returns = returns_to_go(episodes.reward, episodes.ended, GAMMA)
        weight = positive_weights(returns)
        return {"weight": weight}

    def update_policy(self, state: State, batch: PolicyBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """All that was collected: the policy. Every metric is [S]."""
        updates = state.policy_updates + 1
        # E-step: the actions in the data, weighed on all of them at once
        weights = batch.weight
        # M-step: the maximum of sum w log pi_theta(a|s) itself
        features = self.policy.trunk.read(batch.observation)
        rows, counted = batch.action, weights * batch.valid
        sigma, phi = self.policy.sigma(state.policy), with_constant(features)
        variance = affine(phi.square(), sigma.square(), torch.zeros_like(sigma[:, 0]))
        theta = weighted_least_squares(features, rows, counted.unsqueeze(-1) / variance, RIDGE)
        deviation = rows - affine(features, theta[:, :-1], theta[:, -1])
        sigma = exploration_deviation(phi, deviation, sigma, counted).clamp(min=1e-6)
        policy = torch.cat([theta.flatten(1), torch.log(sigma).flatten(1)], -1)
        mean, std = self.policy.apply(policy, batch.observation)
        likelihood = weights * normal_log_prob(mean, std, batch.action)
        policy_cost = -valid_average(likelihood, batch.valid)

        state = state._replace(policy=policy, policy_updates=updates)
        return state, {"policy_loss": policy_cost}
