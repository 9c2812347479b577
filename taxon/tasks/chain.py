"""An endless decision process with two states."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from taxon.tasks.backward_induction import optimal_values

TRANSITION = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.1, 0.9], [0.7, 0.3]]])  # of state, action, next state
REWARD = np.array([[0.0, 1.0], [2.0, 0.0]])  # of state, action
HORIZON = 100


def optimal_return(start: int | None = None, horizon: int = HORIZON) -> float:
    """The largest expected return, undiscounted, from a state, or its mean over the starts (None)."""
    values = optimal_values(TRANSITION, REWARD, horizon)
    return float(values.mean() if start is None else values[start])


class Chain(gymnasium.Env[np.int64, np.int64]):
    """Two states and two actions, without an end.

    Observation: Discrete(2), the state; it starts in either with equal chance.
    Action: Discrete(2). TRANSITION[s, a] are the chances of the next state.
    Reward: REWARD[s, a]: action 1 pays 1 in state 0 and action 0 pays 2 in state 1, the others nothing.
    Horizon: truncated after 100 steps. These two actions are optimal at every step and earn 17/9 a step in the long
        run; `optimal_return()` is the expected optimum of 100 steps, 188.457.
    Source: an average-reward problem of the kind that Peters, Muelling & Altun 2010, "Relative Entropy Policy Search",
        state their dual for; the numbers are ours.
    """

    def __init__(self) -> None:
        self.observation_space = spaces.Discrete(2)
        self.action_space = spaces.Discrete(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.int64, dict[str, Any]]:
        super().reset(seed=seed)
        self.state = np.int64(self.np_random.integers(2))
        return self.state, {}

    def step(self, action: np.int64 | int) -> tuple[np.int64, float, bool, bool, dict[str, Any]]:
        reward = float(REWARD[self.state, action])
        self.state = np.int64(self.np_random.random() >= TRANSITION[self.state, action, 0])
        return self.state, reward, False, False, {}
