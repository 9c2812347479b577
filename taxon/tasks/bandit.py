"""A contextual bandit with a quadratic reward."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

GAIN = np.array([0.3, -0.2])
BOUND = 2.0  # of a context's numbers, so that the best action stays within [-1, 1]


def optimal_action(context: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The best action of contexts [..., 2], [..., 1]: their product with GAIN."""
    return np.asarray(context @ GAIN)[..., None]


class LinearQuadratic(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """See a context, act once, and be paid by the squared distance to a linear function of the context.

    Observation: the context, [2], normal with unit covariance and clipped to [-2, 2]; it stays after the step.
    Action: [1] in [-1, 1], clipped.
    Reward: offset - scale * (a - k.s)^2 with k = GAIN = (0.3, -0.2). By default between -3 and 1, so of both signs;
        offset = 4 makes it non-negative everywhere, offset = 0 non-positive.
    Horizon: one step, which terminates. The optimal return is `offset`, by a = `optimal_action(s)`.
    Source: the immediate-reward setting of Peters & Schaal 2007, "Reinforcement Learning by Reward-Weighted Regression
        for Operational Space Control"; the constants are ours.
    """

    def __init__(self, offset: float = 1.0, scale: float = 1.0) -> None:
        self.offset, self.scale = offset, scale
        self.observation_space = spaces.Box(-BOUND, BOUND, (2,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self.context = np.clip(self.np_random.standard_normal(2), -BOUND, BOUND).astype(np.float32)
        return self.context.copy(), {}

    def step(self, action: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        error = np.clip(action, -1.0, 1.0) - optimal_action(self.context)
        return self.context.copy(), self.offset - self.scale * float(error[0]) ** 2, True, False, {}
