"""How many worker processes step a run's environments, where the run is to find out."""

import os
import statistics
import time

import numpy as np
import torch

from taxon.runtime.environments import UnusableEnvironmentError, make

CALL = 100e-6  # seconds that each worker adds to a step: measured, by benchmarks/environments.py
TRIED = 50  # steps that are timed


def choose_workers(id: str, number: int, count: int, device: torch.device, beside: bool) -> int:
    """How many processes, at most one for each core that is free then, step `count` environments soonest.

    0 is this process alone: for one environment, and wherever others gain nothing. number: what a copy of the
    environment starts with, whose steps are timed. beside: updates go on while the environments step; from rollouts
    they do not, so that their cores are free.
    """
    taken = torch.get_num_threads() if device.type == "cpu" else 1
    free = min(_cores() - (taken if beside else 0), count)
    return fastest(count, _seconds(id, number), free) if free > 1 else 0


def fastest(count: int, seconds: float, most: int) -> int:
    """The number of processes that step `count` environments soonest, each step of one taking some seconds."""

    def whole(workers: int) -> float:
        return -(-count // workers) * seconds + workers * CALL if workers else count * seconds

    return min(range(most + 1), key=whole)


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _seconds(id: str, number: int) -> float:
    """What a step of an environment takes; nothing where it fails."""
    times = []
    try:
        environment = make(id, number)
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
    except Exception:  # it may fail in any way, and will say so in the run
        return 0.0
    finally:
        environment.close()
    return statistics.median(times)
