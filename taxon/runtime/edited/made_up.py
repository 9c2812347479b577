"""An environment that is made up: it shows what another one does, at random, and ends soon."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from taxon.operators.observations import Observation, leaves
from taxon.runtime.environments.environment import Environment

LONGEST = 20  # steps of an episode
BYTE = 256


class MadeUp(gymnasium.Env[Any, Any]):
    """Rows of numbers of the same types as those of a layout: small integers, else normal draws.

    Every episode ends after 3 to 20 steps, by termination or truncation. Rewards are normal draws.
    """

    def __init__(self, layout: Observation, action: int, discrete: bool) -> None:
        kinds = [(leaf.dtype, int(np.prod(leaf.shape))) for leaf in leaves(layout)]
        self._kinds = kinds
        self.observation_space = spaces.Box(-np.inf, np.inf, (sum(size for _, size in kinds),), np.float32)
        self.action_space = spaces.Discrete(action) if discrete else spaces.Box(-1.0, 1.0, (action,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._left = int(self.np_random.integers(3, LONGEST + 1))
        self._terminates = bool(self.np_random.integers(2))
        return self._shown(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._left -= 1
        over = self._left == 0
        reward = float(self.np_random.standard_normal())
        return self._shown(), reward, over and self._terminates, over and not self._terminates, {}

    def _shown(self) -> NDArray[np.float32]:
        parts = [_draws(self.np_random, kind, size) for kind, size in self._kinds]
        return np.concatenate(parts).astype(np.float32)


def _draws(generator: np.random.Generator, kind: str, size: int) -> NDArray[Any]:
    if kind.startswith("float"):
        return generator.standard_normal(size)
    return generator.integers(BYTE if kind == "uint8" else 2, size=size)


def made_up(layout: Observation, action: int, discrete: bool, seed: int) -> Environment:
    """Such an environment as a run has it."""
    return Environment("a made-up environment", MadeUp(layout, action, discrete), seed)
