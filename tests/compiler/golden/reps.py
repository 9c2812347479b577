"""reps: EM control, emitted by taxon from its row.

pi_q = Non-parametric, pi_p = pi_q, pi_q.update = Analytic, pi_p.update = pi_q, G = A^pi_p, G.estimate =
TD(0), pi_theta = Softmax

Relative Entropy Policy Search (Peters et al. 2010), as Table 1 of Furuta et al. 2021 gives it: V and eta
minimise the dual of a bound on the divergence from the data, and the policy becomes the projection of the
weighted data.

The bound of 0.5 is garage's and MushroomRL's. The policy is linear in the observation, and so is V, whose
features are those of the observation: with one-hot observations both are tables. The bound is on the joint
distribution of the discounted flow, terminal state included: where episodes end early, the real steps move
further than it says.

Shapes: S seeds, N environments of a seed, n stored steps, O observations, A actions, P parameters. Every
tensor of the state leads with S.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from taxon.networks.features import polynomial
from taxon.networks.heads import Categorical
from taxon.networks.initialisers import uniform_init, zeros
from taxon.networks.mlp import Mlp
from taxon.operators.categorical import categorical_log_prob, categorical_sample, mode
from taxon.operators.data import Episodes, Phase, Rollouts
from taxon.operators.e_step import batch_weights
from taxon.operators.m_step import fit_softmax, with_constant
from taxon.operators.noise import no_noise, uniform
from taxon.operators.observations import Observation, flat_size
from taxon.operators.policy_gradient import valid_average
from taxon.operators.relative_entropy import absorbing, solve_dual, start_features

ENVIRONMENTS = 8  # environments of a seed
STEPS = 500  # steps of each environment in a round
EPSILON = 0.5  # bound on KL(pi_q || pi_p)
GAMMA = 0.99  # discount
RIDGE = 0.0001  # of the M-step

DATA = Rollouts(
    environments=ENVIRONMENTS,
    steps=STEPS,
    batch=1,
    restarts=False,
    group=1,
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
    """Networks, acting and updates for observations of one layout and `action` choices."""

    discrete = True

    def __init__(self, observation: Observation, action: int) -> None:
        self.observations, self.actions = flat_size(observation), action
        trunk = Mlp(
            [self.observations, action],
            torch.tanh,
            head_init=uniform_init(0.001),
            head_bias=zeros,
        )
        self.policy = Categorical(trunk)
        self.value_features = polynomial(2)
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
        """What `act` reads: uniform draws [S, N, A], a generator for each seed."""
        return uniform(generators, environments, self.actions, device=device)

    def act(self, state: State, memory: Memory, observation: Tensor, noise: Tensor) -> tuple[Memory, dict[str, Tensor]]:
        """Draws of pi_theta: observation [S, N, O], noise [S, N, A] -> action [S, N, A], one-hot."""
        logits = self.policy.apply(state.policy, observation)
        action = categorical_sample(logits, noise)
        return memory, {"action": action}

    def act_mean(self, state: State, memory: Memory, observation: Tensor) -> tuple[Memory, Tensor]:
        """The likeliest action, for evaluation: [S, N, O] -> [S, N, A], one-hot."""
        action = mode(self.policy.apply(state.policy, observation))
        return memory, action

    def act_random(self, uniform: Tensor) -> dict[str, Tensor]:
        """Uniform choices, one-hot: uniform in [0, 1), [S, N, A] -> action [S, N, A]."""
        action = mode(uniform)
        return {"action": action}

    def refresh_policy(
        self, state: State, episodes: Episodes, generators: Sequence[torch.Generator]
    ) -> dict[str, Tensor]:
        """What the updates read of every stored step: weights."""
        # A = r + gamma V(s') - V(s), V and eta the minimisers of the E-step's dual
        features = with_constant(self.value_features(episodes.observation))
        following = with_constant(self.value_features(episodes.next_observation))
        starts = start_features(features, episodes.begins, episodes.valid)
        *rows, counted = absorbing(episodes.reward, features, following, episodes.terminated, episodes.valid, GAMMA)
        eta, _, advantage = solve_dual(*rows, starts, counted, EPSILON, GAMMA)
        advantage = advantage[:, :-1]
        # E-step over all of them: w = n exp(A / eta) / Z
        weight = batch_weights(advantage, eta, mask=episodes.valid)
        return {"weight": weight}

    def update_policy(self, state: State, batch: PolicyBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """All that was collected: the policy. Every metric is [S]."""
        updates = state.policy_updates + 1
        # E-step: the actions in the data, weighed on all of them at once
        weights = batch.weight
        # M-step: the maximum of sum w log pi_theta(a|s) itself
        features = self.policy.trunk.read(batch.observation)
        rows, counted = batch.action, weights * batch.valid
        policy = fit_softmax(features, rows, counted, state.policy, RIDGE)
        logits = self.policy.apply(policy, batch.observation)
        likelihood = weights * categorical_log_prob(logits, batch.action)
        policy_cost = -valid_average(likelihood, batch.valid)

        state = state._replace(policy=policy, policy_updates=updates)
        return state, {"policy_loss": policy_cost}
