"""An agent that remembers what it is given, and a loop over environments by their id."""

from typing import NamedTuple

import torch
from torch import Tensor

from taxon.operators.data import Phase
from taxon.operators.noise import standard_normal
from taxon.runtime.environments.environment import make
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.loop.loop import Loop, map_state, streams

CPU = torch.device("cpu")


def loop_of(agent, data, id, seeds, steps):
    numbers = streams(seeds, CPU, data.environments)
    return Loop(agent, data, [make(Recipe(id), number) for number in numbers.environment], numbers, steps, CPU)


def run(loop, steps):
    for _ in range(steps):
        loop.step()
    return loop


class Numbers(NamedTuple):
    value: Tensor  # [S]


class Steps(NamedTuple):
    made: Tensor  # [S, N], steps of the episode


class Batch(NamedTuple):
    observation: Tensor
    action: Tensor
    reward: Tensor
    next_observation: Tensor
    terminated: Tensor
    truncated: Tensor


class Recorder:
    """Does nothing but remember what it is given."""

    discrete = False
    columns = {"log_prob": ()}  # noqa: RUF012 (nobody changes it)

    def __init__(self, phases=(), actions=2):
        self.actions = actions
        self.batches, self.refreshed, self.order, self.begins = [], [], [], []
        self.phases = tuple(phases) or (Phase("update", 1, Batch, None, self.noise, self.update),)

    def noise(self, generators, device):
        return None

    def init(self, generators):
        return Numbers(torch.zeros(len(generators)))

    def memory(self, seeds, environments, device):
        return Steps(torch.zeros(seeds, environments, device=device))

    def observe(self, state, observation):
        return state

    def act_noise(self, generators, environments, device):
        return standard_normal(generators, environments, self.actions, device=device)

    def act(self, state, memory, observation, noise):
        self.begins.append((memory.made == 0).float())
        return Steps(memory.made + 1), {"action": noise, "log_prob": observation[..., 0] + 0.25}

    def act_mean(self, state, memory, observation):
        return memory, torch.zeros(*observation.shape[:2], 2)

    def act_random(self, uniform):
        return {"action": 10 + uniform, "log_prob": torch.zeros(uniform.shape[:2])}

    def update(self, state, batch, noise):
        self.order.append("update")
        self.batches.append(batch)
        return Numbers(state.value + 1), {"loss": state.value}

    def refresh(self, state, episodes, generators):
        self.order.append("refresh")
        self.refreshed.append(episodes)
        return {"target": episodes.reward * 10}


def leaves(state):
    found = []
    map_state(lambda leaf: found.append(leaf) or leaf, state)
    return found
