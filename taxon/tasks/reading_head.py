"""What the algorithmic tasks have in common: a head that reads characters and writes an output."""

from abc import abstractmethod
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from taxon.tasks.curriculum import Curriculum

Characters = NDArray[np.int64]
Observation = NDArray[np.float32]

LEFT, RIGHT, UP, DOWN = (0, -1), (0, 1), (-1, 0), (1, 0)

CORRECT, WRONG, OUT_OF_TIME = 1.0, -0.5, -1.0
SPARE_STEPS = 4


class ReadingHead(gymnasium.Env[Observation, np.int64]):
    """A head over a grid of characters, which are the numbers 0 .. base - 1; a subclass draws grid and target.

    Observation: [base + 1 + actions] zeros and ones: the character under the head (the last of base + 1 is the blank,
        which lies everywhere outside the grid), then the previous action (all zeros before the first).
    Action: Discrete(directions * 2 * base), `encode(direction, write, character)`; the head first writes `character`
        if `write` is 1, then moves. Directions are left and right, and up and down on a grid of several rows. The
        character of an action that does not write has no effect, though the next observation shows it.
    Reward: +1 for the correct next character of the target, -0.5 for a wrong one, 0 for not writing; the step that
        uses up the time pays -1 instead, unless it completes the target or writes a wrong character.
    Horizon: the episode terminates when the target is complete, at a wrong character, and when the time is up (it is
        part of the task and punished, so it is a failure and no truncation); the time is stated by each task.
    Input: reset(seed=s) draws the same input for the same s. The length is uniform in min_length .. max_length, both
        inclusive; with `curriculum=True` the lengths follow `curriculum.Curriculum`, starting at min_length, and the
        input depends on its state too. Copies that must agree on their input after equal seeds then have to share one
        (`a.unwrapped.curriculum = b.unwrapped.curriculum`) and to be reset together.
    Info of reset: `length`, and `optimal_return`, the length of the target.

    Raises ValueError for a base below 2 or lengths that are no range.

    Source: the algorithmic tasks of OpenAI Gym (Brockman et al. 2016), after Zaremba et al. 2016, "Learning Simple
    Algorithms from Examples". That the policy sees its previous action follows Nachum et al. 2017.
    """

    moves: tuple[tuple[int, int], ...] = (LEFT, RIGHT)

    def __init__(self, base: int, min_length: int, max_length: int, curriculum: bool) -> None:
        if base < 2:
            raise ValueError(f"base is {base}, and at least 2 characters are needed")
        if not 1 <= min_length <= max_length:
            raise ValueError(f"lengths from {min_length} to {max_length} are no range of positive numbers")
        self.base = base
        self.min_length, self.max_length = min_length, max_length
        self.curriculum = Curriculum(min_length, max_length) if curriculum else None
        actions = len(self.moves) * 2 * base
        self.action_space = spaces.Discrete(actions)
        self.observation_space = spaces.Box(0.0, 1.0, (base + 1 + actions,), np.float32)

    @abstractmethod
    def draw(self, length: int) -> tuple[Characters, Characters]:
        """An input of this length from `np_random`: characters of the grid, [rows, columns], and the target, [m]."""

    def time(self) -> int:
        """The number of steps that the present input allows."""
        return self.grid.size + len(self.target) + SPARE_STEPS

    def encode(self, direction: int, write: int, character: int) -> int:
        """The action that writes `character` if `write` is 1, and moves along `moves[direction]`."""
        return (direction * 2 + write) * self.base + character

    def decode(self, action: int) -> tuple[int, int, int]:
        """Direction, write (0 or 1) and character of an action."""
        rest, character = divmod(action, self.base)
        return rest // 2, rest % 2, character

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, Any]:
        super().reset(seed=seed)
        low, high = self.curriculum.lengths if self.curriculum else (self.min_length, self.max_length)
        length = int(self.np_random.integers(low, high + 1))
        self.grid, self.target = self.draw(length)
        self.head = (0, 0)
        self.previous: int | None = None
        self.steps = self.written = 0
        self.earned = 0.0
        return self._observe(), {"length": length, "optimal_return": float(len(self.target))}

    def step(self, action: np.int64 | int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        self.previous = int(action)
        direction, write, character = self.decode(self.previous)
        self.steps += 1
        reward, failed = 0.0, False
        if write:
            failed = bool(character != self.target[self.written])
            self.written += not failed
            reward = WRONG if failed else CORRECT
        row, column = self.moves[direction]
        self.head = (self.head[0] + row, self.head[1] + column)
        terminated = failed or self.written == len(self.target)
        if not terminated and self.steps == self.time():
            reward, terminated = OUT_OF_TIME, True
        self.earned += reward
        if terminated and self.curriculum:
            self.curriculum.record(self.earned / len(self.target))
        return self._observe(), reward, terminated, False, {}

    def _observe(self) -> Observation:
        row, column = self.head
        inside = 0 <= row < self.grid.shape[0] and 0 <= column < self.grid.shape[1]
        observation = np.zeros(self.observation_space.shape or (), np.float32)
        observation[self.grid[row, column] if inside else self.base] = 1.0
        if self.previous is not None:
            observation[self.base + 1 + self.previous] = 1.0
        return observation
