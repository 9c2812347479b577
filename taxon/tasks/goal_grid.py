"""A small maze with a goal that changes from episode to episode."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from taxon.tasks.grid import CELLS, GOAL_REWARD, HORIZON, LAYOUT, MOVES, START, STEP_REWARD, WIDTH, successor
from taxon.tasks.grid import optimal_return as of_one_goal

GOALS = (WIDTH - 1, (len(LAYOUT) - 1) * WIDTH, len(CELLS) - 1)  # the corners other than the start


def optimal_return(horizon: int = HORIZON) -> float:
    """The largest expected return, undiscounted: its mean over the goals."""
    return float(np.mean([of_one_goal(START, horizon, goal) for goal in GOALS]))


class GoalGrid(gymnasium.Env[NDArray[np.int64], np.int64]):
    """Walk through the maze of `Grid` from one corner to one of the other three, which is drawn at the reset.

    Observation: MultiDiscrete([25, 3]), the cell and which corner it is; one-hot for a policy, 25 numbers and then 3,
        so that a policy from which the goal is hidden does not see the columns 25, 26 and 27.
    Action: Discrete(4): left, right, up, down; a move into a wall or the border stays.
    Reward: 1 for entering the goal, -0.02 for every other step; the other corners are cells like all.
    Horizon: terminated at the goal, truncated after 30 steps. The shortest ways have 4, 4 and 8 steps, so that
        `optimal_return()` is 1 - 0.02 * (3 + 3 + 7) / 3.
    Source: the setting of Galashov et al. 2019, "Information asymmetry in KL-regularized RL", whose default policy does
        not see the goal; the maze is ours.
    """

    def __init__(self) -> None:
        self.observation_space = spaces.MultiDiscrete([len(CELLS), len(GOALS)])
        self.action_space = spaces.Discrete(len(MOVES))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.int64], dict[str, Any]]:
        super().reset(seed=seed)
        self.cell = START
        self.goal = int(self.np_random.integers(len(GOALS)))
        return self._seen(), {}

    def step(self, action: np.int64 | int) -> tuple[NDArray[np.int64], float, bool, bool, dict[str, Any]]:
        self.cell = successor(self.cell, int(action))
        found = self.cell == GOALS[self.goal]
        return self._seen(), GOAL_REWARD if found else STEP_REWARD, found, False, {}

    def _seen(self) -> NDArray[np.int64]:
        return np.array([self.cell, self.goal])
