"""Running a hand-written policy."""

from collections.abc import Callable
from typing import Any

import gymnasium


def play(environment: gymnasium.Env, policy: Callable[[Any], Any], seed: int | None) -> tuple[list[float], bool, bool]:
    """The rewards of one episode and how it ended: terminated, truncated."""
    observation, _ = environment.reset(seed=seed)
    rewards: list[float] = []
    while True:
        observation, reward, terminated, truncated, _ = environment.step(policy(observation))
        rewards.append(reward)
        if terminated or truncated:
            return rewards, terminated, truncated
