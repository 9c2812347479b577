"""urex: EM control, emitted by taxon from its row.

pi_q = Non-parametric, pi_p = pi_theta, pi_q.update = Analytic, pi_p.update = SG, G = Q^pi_p, G.estimate =
TD(1), pi_theta = Softmax

Under-appreciated Reward Exploration (Nachum et al. 2017), as Table 1 of Furuta et al. 2021 gives it: action
sequences that began alike are weighed by exp(R / eta) over their own probability, beside the gradient of the
expected return.

40 groups of 10 sequences, eta = 0.1 and a gradient norm of 50 as in the released code's command line. The
released policy is an LSTM; here it is a network of the observation, to which the tasks of `taxon.tasks` add
the previous action.

Shapes: S seeds, N environments of a seed, n stored steps, O observations, A actions, P parameters. Every
tensor of the state leads with S.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import grad_and_value

from taxon.networks.heads import Categorical
from taxon.networks.initialisers import uniform_init, xavier_uniform, zeros
from taxon.networks.mlp import Mlp
from taxon.operators.categorical import categorical_entropy, categorical_log_prob, categorical_sample, mode
from taxon.operators.data import Episodes, Phase, Rollouts
from taxon.operators.e_step import group_weights, underappreciated_score
from taxon.operators.functional import average, total
from taxon.operators.noise import no_noise, uniform
from taxon.operators.observations import Observation, flat_size
from taxon.operators.optimisers import Trained, adam, clip_norm, row_norm, trained
from taxon.operators.policy_gradient import valid_average
from taxon.operators.returns import returns_to_go

ENVIRONMENTS = 400  # environments of a seed
STEPS = 40  # steps of each environment in a round
GROUP = 10  # environments that begin their episode alike
ETA = 0.1  # temperature
POLICY_LR = 0.01  # learning rate of the policy
CLIP_NORM = 50.0  # largest norm of a gradient
GAMMA = 1.0  # discount
BONUS = 1.0  # of the reward-weighted term, as a factor on eta

DATA = Rollouts(
    environments=ENVIRONMENTS,
    steps=STEPS,
    batch=1,
    restarts=True,
    group=GROUP,
)


class State(NamedTuple):
    """All that training changes."""

    policy: Trained  # [S, P]
    policy_updates: Tensor  # [S]


class Memory(NamedTuple):
    """What acting keeps from step to step of an episode: nothing."""


class PolicyBatch(NamedTuple):
    """All stored steps, and what was computed of them."""

    observation: Tensor  # [S, n, O]
    action: Tensor  # [S, n, A]
    returns: Tensor  # [S, n]
    valid: Tensor  # [S, n]


def by_group(x: Tensor) -> Tensor:
    """One number of every environment, [S, N] -> [S, G, K]: the K of a group began alike."""
    return x.unflatten(1, (ENVIRONMENTS // GROUP, GROUP))


class Agent:
    """Networks, acting and updates for observations of one layout and `action` choices."""

    discrete = True

    def __init__(self, observation: Observation, action: int) -> None:
        self.observations, self.actions = flat_size(observation), action
        trunk = Mlp(
            [self.observations, 128, action],
            torch.tanh,
            layer_norm="none",
            weight_init=xavier_uniform(1.0),
            bias_init=zeros,
            head_init=uniform_init(0.01),
            head_bias=zeros,
        )
        self.policy = Categorical(trunk)
        self.columns: dict[str, tuple[int, ...]] = {}  # what `act` adds to a stored step
        self.phases = (Phase("policy", 1, PolicyBatch, self.refresh_policy, no_noise, self.update_policy, whole=True),)

    def init(self, generators: Sequence[torch.Generator]) -> State:
        """A fresh state, one generator for each seed."""
        return State(
            policy=trained(torch.stack([self.policy.init(generator) for generator in generators])),
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

    def refresh_policy(
        self, state: State, episodes: Episodes, generators: Sequence[torch.Generator]
    ) -> dict[str, Tensor]:
        """What the updates read of every stored step: returns."""
        returns = returns_to_go(episodes.reward, episodes.ended, GAMMA)
        return {"returns": returns}

    def update_policy(self, state: State, batch: PolicyBatch, noise: tuple[()]) -> tuple[State, dict[str, Tensor]]:
        """All that was collected: the policy. Every metric is [S]."""
        updates = state.policy_updates + 1

        def by_episode(x: Tensor) -> Tensor:
            """One number of every step -> its sum over each environment's episode: [S, N T] -> [S, N]."""
            return total((x * batch.valid).unflatten(1, (ENVIRONMENTS, STEPS)))

        # E-step: every environment ran one episode, w = exp(R / eta) / pi(its actions) / Z over those that began alike
        logits = self.policy.apply(state.policy.params, batch.observation)
        taken_log_prob = by_group(by_episode(categorical_log_prob(logits, batch.action)))
        first = batch.returns.unflatten(1, (ENVIRONMENTS, STEPS))[..., 0]
        outcome = by_group(first)
        began = torch.ones_like(outcome)
        omega = group_weights(outcome, taken_log_prob, ETA, began)
        # and the gradient of the expected return beside it: R + bonus eta K w, less the group's mean
        score = underappreciated_score(outcome, omega, ETA, BONUS, began).flatten(1)

        def policy_loss(policy: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            """-E[score log pi_theta(all actions of the episode)]."""
            logits = self.policy.apply(policy, batch.observation)
            loss = -average(score * by_episode(categorical_log_prob(logits, batch.action)))
            return loss.sum(), (loss, logits)

        policy_gradient, (_, (policy_cost, logits)) = grad_and_value(policy_loss, has_aux=True)(state.policy.params)
        policy = adam(state.policy, clip_norm(policy_gradient, CLIP_NORM), POLICY_LR, updates, eps=0.0002)

        metrics = {
            "policy_loss": policy_cost,
            "policy_gradient": row_norm(policy_gradient),
            "entropy": valid_average(categorical_entropy(logits), batch.valid),
        }
        state = state._replace(policy=policy, policy_updates=updates)
        return state, metrics
