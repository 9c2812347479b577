"""A policy that acts at random: uniformly in the box, or among the choices."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from taxon.runtime.environments.environment import Environment

LONGEST = 30_000  # steps of an episode, as of an evaluation's


class RandomEpisode(NamedTuple):
    """An episode of random actions. ended: whether the environment ended it, and not LONGEST."""

    total: float  # undiscounted return
    length: int
    ended: bool


def random_action(environment: Environment, draw: np.random.Generator) -> NDArray[np.float64]:
    """A row [A] as `step` takes it."""
    if environment.discrete:
        return np.eye(environment.action)[draw.integers(environment.action)]  # type: ignore[no-any-return]
    return draw.uniform(-1.0, 1.0, environment.action)


def random_episode(environment: Environment, draw: np.random.Generator) -> RandomEpisode:
    """One episode from its reset to its end. Raises whatever the environment does."""
    environment.reset()
    total = 0.0
    for length in range(1, LONGEST + 1):
        _, reward, terminated, truncated = environment.step(random_action(environment, draw))
        total += reward
        if terminated or truncated:
            return RandomEpisode(total, length, True)
    return RandomEpisode(total, LONGEST, False)
