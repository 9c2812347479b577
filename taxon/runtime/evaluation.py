"""Evaluation: episodes with the mean action, on environments of their own."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from taxon.runtime.environments import Environment
from taxon.runtime.loop import Agent

MOST_STEPS = 30_000  # of an episode: some environments never end one; the longest in use are those of 27,000 (Atari)


class Evaluation(NamedTuple):
    """Every seed's episodes: undiscounted returns, and lengths in steps, which no training counter includes."""

    returns: list[list[float]]
    lengths: list[list[int]]
    cut: list[int]  # how many of them were cut after MOST_STEPS: their returns are those so far


@torch.no_grad()
def evaluate(
    agent: Agent,
    state: Any,
    environments: Sequence[Environment],
    episodes: int,
    device: torch.device,
    skip: Sequence[int] = (),
    watch: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Run `episodes` episodes of every seed side by side; environments: one per seed, in the state's order.

    skip: seeds (by index) that are frozen; their lists stay empty. watch is called at every step and may raise.
    """
    seeds = range(len(environments))
    returns: list[list[float]] = [[] for _ in seeds]
    lengths: list[list[int]] = [[] for _ in seeds]
    cut = [0 for _ in seeds]
    active = [seed for seed in seeds if seed not in set(skip)]
    observation = np.zeros((len(environments), environments[0].observation), dtype=np.float32)
    totals, counts = [0.0 for _ in seeds], [0 for _ in seeds]
    for seed in active:
        observation[seed] = environments[seed].reset()
    while active:
        watch()
        action = agent.act_mean(state, torch.tensor(observation, device=device)).cpu().numpy()
        for seed in list(active):
            observation[seed], reward, terminated, truncated = environments[seed].step(action[seed])
            totals[seed] += reward
            counts[seed] += 1
            if not (terminated or truncated):
                if counts[seed] < MOST_STEPS:
                    continue
                cut[seed] += 1
            returns[seed].append(totals[seed])
            lengths[seed].append(counts[seed])
            totals[seed], counts[seed] = 0.0, 0
            if len(returns[seed]) == episodes:
                active.remove(seed)
            else:
                observation[seed] = environments[seed].reset()
    return Evaluation(returns, lengths, cut)
