"""How many worker processes step a run's environments, where the run is to find out."""

import os
import statistics
import time

import numpy as np
import torch

from taxon.runtime.environments.closing import closed
from taxon.runtime.environments.environment import make
from taxon.runtime.environments.faults import UnusableEnvironmentError, is_the_users
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.vectors.subprocess_vector import shares

CALL = 30e-6  # seconds that each worker, awake, adds to a step: measured, by benchmarks/environments.py
TRIED = 50  # steps that are timed


def busy_cores(device: torch.device, resting: bool) -> int:
    """How many cores this process takes while environments step: one with a GPU, or where torch's threads rest."""
    return 1 if resting or device.type != "cpu" else torch.get_num_threads()


def have_cores(workers: int, busy: int) -> bool:
    """Whether each has a core of its own beside those that this process keeps busy."""
    return workers + busy <= _cores()


def choose_workers(recipe: Recipe, number: int, count: int, device: torch.device, beside: bool) -> int:
    """How many processes, at most one for each core that is free then, step `count` environments soonest.

    0 is this process alone: for one environment, and wherever others gain nothing. number: what a copy of the
    environment starts with, whose steps are timed. beside: updates go on while the environments step; from rollouts
    they do not, so that their cores are free, and this process steps a share itself.
    """
    free = _cores() - busy_cores(device, resting=not beside)
    if min(count, free + (not beside)) < 2:
        return 0
    return fastest(count, _seconds(recipe, number), free, beside)


def fastest(count: int, seconds: float, free: int, beside: bool) -> int:
    """The number of processes that step `count` environments soonest, each step of one taking some seconds.

    beside: this process does something else meanwhile where there are others, and steps a share where it does not.
    """

    def whole(workers: int) -> float:
        if not workers:
            return count * seconds
        sizes = [len(share) for share in shares(range(count), workers + (not beside))]
        own = 0 if beside else sizes.pop(0)
        return max(own * seconds, sizes[0] * seconds + workers * CALL)

    return min(range(min(free, count if beside else count - 1) + 1), key=whole)


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _seconds(recipe: Recipe, number: int) -> float:
    """What a step of an environment takes; nothing where it fails."""
    times = []
    try:
        environment = make(recipe, number)
    except UnusableEnvironmentError:
        return 0.0
    try:
        draw = np.random.default_rng(number)
        environment.reset()
        for _ in range(TRIED):
            action = draw.uniform(-1.0, 1.0, environment.action)
            began = time.perf_counter()
            _, _, *over = environment.step(action)
            times.append(time.perf_counter() - began)
            if any(over):
                environment.reset()
    except BaseException as error:  # it may fail in any way, and will say so in the run
        if is_the_users(error):
            raise
        return 0.0
    finally:
        closed([environment])
    return statistics.median(times)
