"""A small maze."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from taxon.tasks.backward_induction import optimal_values

# `#` is a wall; the walk begins at S and ends at G.
LAYOUT = (
    "S....",
    ".##..",
    "...#.",
    ".#...",
    "...#G",
)
CELLS = "".join(LAYOUT)
WIDTH = len(LAYOUT[0])
START, GOAL = CELLS.index("S"), CELLS.index("G")
MOVES = ((0, -1), (0, 1), (-1, 0), (1, 0))  # left, right, up, down
STEP_REWARD, GOAL_REWARD = -0.02, 1.0
HORIZON = 30


def successor(cell: int, action: int) -> int:
    """The cell that a move leads to; a wall or the border leaves it as it is."""
    row, column = cell // WIDTH + MOVES[action][0], cell % WIDTH + MOVES[action][1]
    inside = 0 <= row < len(LAYOUT) and 0 <= column < WIDTH
    return row * WIDTH + column if inside and LAYOUT[row][column] != "#" else cell


def optimal_return(start: int = START, horizon: int = HORIZON, goal: int = GOAL) -> float:
    """The largest undiscounted return from a cell within the horizon, by value iteration."""
    transition, reward = _tables(goal)
    return float(optimal_values(transition, reward, horizon)[start])


def _tables(goal: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    transition = np.zeros((len(CELLS), len(MOVES), len(CELLS)))
    reward = np.zeros((len(CELLS), len(MOVES)))
    for cell in range(len(CELLS)):
        for action in range(len(MOVES)):
            reached = successor(cell, action)
            reward[cell, action] = GOAL_REWARD if reached == goal else STEP_REWARD
            transition[cell, action, reached] = reached != goal
    return transition, reward


class Grid(gymnasium.Env[np.int64, np.int64]):
    """Walk through a maze of 5 x 5 cells from one corner to the opposite one; nothing is random.

    Observation: Discrete(25), the cell, row by row.
    Action: Discrete(4): left, right, up, down; a move into a wall or the border stays.
    Reward: 1 for entering the goal, -0.02 for every other step.
    Horizon: terminated at the goal, truncated after 30 steps. The shortest way has 8 steps, so that
        `optimal_return()` is 1 - 7 * 0.02 = 0.86; staying away until the end earns -0.6.
    Source: the textbook gridworld (Sutton & Barto 2018, "Reinforcement Learning", Ch. 3); the maze is ours.
    """

    def __init__(self) -> None:
        self.observation_space = spaces.Discrete(len(CELLS))
        self.action_space = spaces.Discrete(len(MOVES))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.int64, dict[str, Any]]:
        super().reset(seed=seed)
        self.cell = START
        return np.int64(self.cell), {}

    def step(self, action: np.int64 | int) -> tuple[np.int64, float, bool, bool, dict[str, Any]]:
        self.cell = successor(self.cell, int(action))
        found = self.cell == GOAL
        return np.int64(self.cell), GOAL_REWARD if found else STEP_REWARD, found, False, {}
