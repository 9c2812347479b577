"""Reaching in the plane with a positive reward."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

STEP = 0.1  # seconds
FORCE = 4.0  # the largest acceleration along an axis
WALL = 1.5  # without it the reward of a mass that flies away would underflow to zero
SHARPNESS = 2.0  # c of exp(-c d^2)


class Reach(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """Push a point mass to a target and hold it there.

    Observation: target minus position and velocity, [4]. The mass starts at rest in the origin, the target is uniform
        in [-1, 1]^2, and walls at +-1.5 stop the mass.
    Action: [2] in [-1, 1], clipped; the acceleration is 4 a, for steps of 0.1 s (velocity first, then position).
    Reward: exp(-2 d^2) of the distance to the target after the step: in (0, 1], never below exp(-25).
    Horizon: truncated after 50 steps. A return is below 50; the linear policy a = e - v / 2 (e the first two numbers
        observed, clipped) earns 46.8 on average.
    Source: the shape of the tasks in Peters & Schaal 2007 and Kober & Peters 2009, "Policy Search for Motor Primitives
        in Robotics", whose methods need positive rewards; mass and constants are ours.
    """

    def __init__(self) -> None:
        # A mass crosses the 3 units between the walls with at most sqrt(2 * 4 * 3) < 5.
        bound = np.array([1.0 + WALL] * 2 + [5.0] * 2, np.float32)
        self.observation_space = spaces.Box(-bound, bound, dtype=np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self.target = self.np_random.uniform(-1.0, 1.0, 2)
        self.position, self.velocity = np.zeros(2), np.zeros(2)
        return self._observe(), {}

    def step(self, action: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        self.velocity = self.velocity + STEP * FORCE * np.clip(action, -1.0, 1.0)
        free = self.position + STEP * self.velocity
        self.position = np.clip(free, -WALL, WALL)
        self.velocity = np.where(self.position == free, self.velocity, 0.0)
        distance = float(np.sum((self.target - self.position) ** 2))
        return self._observe(), float(np.exp(-SHARPNESS * distance)), False, False, {}

    def _observe(self) -> NDArray[np.float32]:
        return np.concatenate([self.target - self.position, self.velocity]).astype(np.float32)
