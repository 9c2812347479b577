"""A scalar linear-quadratic regulator."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

A, B = 1.0, 0.5  # x' = A x + B u
STATE_COST, CONTROL_COST = 1.0, 0.1
LARGEST_CONTROL = 2.0  # the optimal one is at most 1.54 from the starts, which lie in [-1, 1]
HORIZON = 20
FARTHEST = 1.0 + HORIZON * B * LARGEST_CONTROL  # that a state can come within the horizon


def riccati(horizon: int = HORIZON) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Costs-to-go P_0 .. P_horizon, of x^2, [horizon + 1], and the gains K_0 .. K_{horizon-1} of u = -K x, [horizon].

    P_horizon = 0: the state behind the last step costs nothing.
    """
    cost, gain = np.zeros(horizon + 1), np.zeros(horizon)
    for t in reversed(range(horizon)):
        gain[t] = A * B * cost[t + 1] / (CONTROL_COST + B**2 * cost[t + 1])
        cost[t] = STATE_COST + CONTROL_COST * gain[t] ** 2 + cost[t + 1] * (A - B * gain[t]) ** 2
    return cost, gain


def optimal_return(start: float | None = None, horizon: int = HORIZON) -> float:
    """The undiscounted return of the best controller from `start`, or its mean over the starts (None)."""
    square = 1.0 / 3.0 if start is None else start**2
    return -float(riccati(horizon)[0][0]) * square


class Regulator(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """Bring x to zero without spending much control: x' = x + 0.5 u.

    Observation: x, [1], within 21 of zero; it starts uniformly in [-1, 1].
    Action: [1] in [-1, 1], clipped; the control is u = 2 a.
    Reward: -(x^2 + 0.1 u^2), with x before the step.
    Horizon: truncated after 20 steps. `optimal_return(start)` is -P_0 start^2, -0.4354 on average over the starts.
    Source: the textbook problem (Anderson & Moore 1990, "Optimal Control: Linear Quadratic Methods", Ch. 2).
    """

    def __init__(self) -> None:
        self.observation_space = spaces.Box(-FARTHEST, FARTHEST, (1,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self.x = float(self.np_random.uniform(-1.0, 1.0))
        return self._observe(), {}

    def step(self, action: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        control = LARGEST_CONTROL * float(np.clip(action[0], -1.0, 1.0))
        reward = -(STATE_COST * self.x**2 + CONTROL_COST * control**2)
        self.x = A * self.x + B * control
        return self._observe(), reward, False, False, {}

    def _observe(self) -> NDArray[np.float32]:
        return np.array([self.x], np.float32)
