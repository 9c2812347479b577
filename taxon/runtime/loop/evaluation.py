"""Evaluation: episodes with the mean action or the most probable one, on environments of their own."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from taxon.runtime.agent import begun
from taxon.runtime.environments.environment import Environment
from taxon.runtime.environments.faults import is_the_users
from taxon.runtime.environments.vectors.sync_vector import fault
from taxon.runtime.environments.vectors.vector import Fault
from taxon.runtime.loop.loop import Agent
from taxon.runtime.loop.streams import evaluation_start

MOST_STEPS = 30_000  # of an episode: some environments never end one; the longest in use are those of 27,000 (Atari)


class Starts(NamedTuple):
    """What restarts each environment's random numbers.

    numbers: of the first episode, one for each seed. fixed: with it every episode of every seed, whichever evaluation
    it is in, begins with a number of its own place in it; otherwise those after the first go on from where it ended.
    """

    numbers: Sequence[int]
    fixed: int | None = None

    def first(self, seed: int) -> int:
        """For the first episode of a seed (by index)."""
        return self.numbers[seed] if self.fixed is None else _drawn(self.fixed, 0)

    def of(self, seed: int, episode: int) -> int | None:
        """For an episode of a seed (by index); None: go on."""
        if self.fixed is not None:
            return _drawn(self.fixed, episode)
        return None if episode else self.numbers[seed]


def _drawn(number: int, episode: int) -> int:
    return int(np.random.SeedSequence([number, episode]).generate_state(1)[0])


def evaluation_starts(numbers: Sequence[int], steps: Sequence[int], fixed: int | None = None) -> Starts:
    """What the evaluation of each seed after its `steps` begins with.

    numbers: the seeds' own, of `Streams.evaluation`. fixed: as in Starts.
    """
    return Starts([evaluation_start(*own) for own in zip(numbers, steps, strict=True)], fixed)


class Evaluation(NamedTuple):
    """Every seed's episodes: undiscounted returns, and lengths in steps, which no training counter includes."""

    returns: list[list[float]]
    lengths: list[list[int]]
    cut: list[int]  # how many of them were cut after MOST_STEPS: their returns are those so far
    faults: list[Fault]


@torch.no_grad()
def evaluate(
    agent: Agent,
    state: Any,
    environments: Sequence[Environment],
    starts: Starts,
    episodes: int,
    device: torch.device,
    skip: Sequence[int] = (),
    watch: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Run `episodes` episodes of every seed side by side; environments: one per seed, in the state's order.

    starts: what episodes begin with. skip: seeds (by index) that are frozen; their lists stay empty. watch is called
    at every step and may raise. An environment that fails ends its own seed's evaluation.
    """
    seeds = range(len(environments))
    returns: list[list[float]] = [[] for _ in seeds]
    lengths: list[list[int]] = [[] for _ in seeds]
    cut = [0 for _ in seeds]
    active = [seed for seed in seeds if seed not in set(skip)]
    observation = np.zeros((len(environments), 1, environments[0].observation), dtype=np.float32)
    begins = np.zeros((len(environments), 1), dtype=np.float32)
    fresh = memory = agent.memory(len(environments), 1, device)
    totals, counts = [0.0 for _ in seeds], [0 for _ in seeds]
    faults: list[Fault] = []

    def begin(seed: int) -> None:
        observation[seed, 0] = environments[seed].reset(starts.of(seed, len(returns[seed])))
        begins[seed] = 1

    def step(seed: int, action: NDArray[np.floating[Any]]) -> bool:
        """Whether the seed has episodes left."""
        observation[seed, 0], reward, terminated, truncated = environments[seed].step(action)
        totals[seed] += reward
        counts[seed] += 1
        if not (terminated or truncated):
            if counts[seed] < MOST_STEPS:
                return True
            cut[seed] += 1
        returns[seed].append(totals[seed])
        lengths[seed].append(counts[seed])
        totals[seed], counts[seed] = 0.0, 0
        if len(returns[seed]) == episodes:
            return False
        begin(seed)
        return True

    def guarded(seed: int, does: Callable[[], bool | None]) -> None:
        try:
            goes_on = does()
        except BaseException as error:  # whatever an environment raises
            if is_the_users(error):
                raise
            faults.append(fault(environments[seed], seed, error))
            goes_on = False
        if goes_on is False:
            active.remove(seed)

    for seed in list(active):
        guarded(seed, partial(begin, seed))
    while active:
        watch()
        memory = begun(memory, torch.tensor(begins, device=device), fresh)
        memory, taken = agent.act_mean(state, memory, torch.tensor(observation, device=device))
        action, begins[:] = taken.cpu().numpy(), 0
        for seed in list(active):
            guarded(seed, partial(step, seed, action[seed, 0]))
    return Evaluation(returns, lengths, cut, faults)
