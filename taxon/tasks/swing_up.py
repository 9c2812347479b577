"""Swinging a pendulum up with a positive reward."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

STEP = 0.05  # seconds
GRAVITY = 9.81  # over a length of 1 m
TORQUE = 5.0  # over a mass of 1 kg: half of what would lift it directly
FASTEST = 10.0  # radians per second; falling from the top gives 6.3


class SwingUp(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """Swing a pendulum from the bottom to the top, with a motor too weak to lift it, and balance it there.

    Observation: cos(q), sin(q), velocity / 10, [3], each in [-1, 1]; q is 0 at the top. It starts at rest within
        0.1 rad of the bottom.
    Action: [1] in [-1, 1], clipped; the torque is 5 a N m, for steps of 0.05 s (velocity first, then angle):
        q'' = 9.81 sin(q) + torque.
    Reward: exp(-(q^2 + 0.1 velocity^2) / 2) after the step with q in [-pi, pi]: in (0, 1], never below exp(-10).
    Horizon: truncated after 100 steps. A return is below 100.
    Source: the under-actuated swing-up of Kober & Peters 2009, "Policy Search for Motor Primitives in Robotics"
        (after Atkeson 1994), with the positive rewards its method needs; constants are ours.
    """

    def __init__(self) -> None:
        self.observation_space = spaces.Box(-1.0, 1.0, (3,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self.angle = _wrapped(np.pi + float(self.np_random.uniform(-0.1, 0.1)))
        self.velocity = 0.0
        return self._observe(), {}

    def step(self, action: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        torque = TORQUE * float(np.clip(action[0], -1.0, 1.0))
        faster = self.velocity + STEP * (GRAVITY * float(np.sin(self.angle)) + torque)
        self.velocity = float(np.clip(faster, -FASTEST, FASTEST))
        self.angle = _wrapped(self.angle + STEP * self.velocity)
        reward = float(np.exp(-(self.angle**2 + 0.1 * self.velocity**2) / 2.0))
        return self._observe(), reward, False, False, {}

    def _observe(self) -> NDArray[np.float32]:
        return np.array([np.cos(self.angle), np.sin(self.angle), self.velocity / FASTEST], np.float32)


def _wrapped(angle: float) -> float:
    """The same angle in [-pi, pi)."""
    return (angle + np.pi) % (2.0 * np.pi) - np.pi
