"""A small agent by hand, in the form of an emitted module: an actor and a critic over flat rows. Read as text."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import grad_and_value

from taxon.networks.mlp import Mlp
from taxon.operators.data import Phase, Replay
from taxon.operators.noise import standard_normal
from taxon.operators.observations import Observation, flat_size
from taxon.operators.optimisers import Trained, adam, trained

DATA = Replay(capacity=200, batch=8, warmup=20, random_warmup=True, steps_per_update=1, sequence=1, episodes=False)


class State(NamedTuple):
    policy: Trained
    critic: Trained
    seen: Tensor
    updates: Tensor


class Batch(NamedTuple):
    observation: Tensor
    action: Tensor
    reward: Tensor
    next_observation: Tensor
    terminated: Tensor


class Agent:
    discrete = False

    def __init__(self, observation: Observation, action: int) -> None:
        observation = flat_size(observation)
        self.action, self.columns = action, {}
        self.policy = Mlp([observation, 16, action], F.relu)
        self.critic = Mlp([observation + action, 16, 1], F.relu)
        self.phases = (Phase("update", 1, Batch, None, self.noise, self.update),)

    def noise(self, generators, device):
        return standard_normal(generators, DATA.batch, self.action, device=device)

    def init(self, generators):
        policy = torch.stack([self.policy.init(generator) for generator in generators])
        critic = torch.stack([self.critic.init(generator) for generator in generators])
        zero = torch.zeros(len(generators))
        return State(trained(policy), trained(critic), zero, zero)

    def memory(self, seeds, environments, device):
        return ()

    def observe(self, state, observation):
        return state._replace(seen=state.seen + observation.shape[1])

    def act_noise(self, generators, environments, device):
        return standard_normal(generators, environments, self.action, device=device)

    def act(self, state, memory, observation, noise):
        return memory, {"action": torch.tanh(self.policy.apply(state.policy.params, observation)) + 0.3 * noise}

    def act_mean(self, state, memory, observation):
        return memory, torch.tanh(self.policy.apply(state.policy.params, observation))

    def act_random(self, uniform):
        return {"action": 2 * uniform - 1}

    def q(self, critic, observation, action):
        return self.critic.apply(critic, torch.cat([observation, action], -1)).squeeze(-1)

    def update(self, state, batch, noise):
        updates = state.updates + 1
        next_action = torch.tanh(self.policy.apply(state.policy.params, batch.next_observation)) + 0.2 * noise
        y = batch.reward + 0.9 * (1 - batch.terminated) * self.q(
            state.critic.params, batch.next_observation, next_action
        )

        def value_loss(critic):
            loss = (self.q(critic, batch.observation, batch.action) - y).square().mean(-1)
            return loss.sum(), loss.detach()

        critic_gradient, (_, loss) = grad_and_value(value_loss, has_aux=True)(state.critic.params)
        critic = adam(state.critic, critic_gradient, 1e-2, updates)

        def policy_loss(policy):
            action = torch.tanh(self.policy.apply(policy, batch.observation))
            return -self.q(critic.params, batch.observation, action).mean(-1).sum()

        gradient, _ = grad_and_value(policy_loss)(state.policy.params)
        policy = adam(state.policy, gradient, 1e-2, updates)
        metrics = {"value_loss": loss, "gradient_norm": critic_gradient.square().sum(-1).sqrt()}
        return State(policy, critic, state.seen, updates), metrics
