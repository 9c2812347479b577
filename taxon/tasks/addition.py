"""Adding numbers digit by digit."""

import numpy as np

from taxon.tasks.reading_head import DOWN, LEFT, RIGHT, SPARE_STEPS, UP, Characters, ReadingHead


class ReversedAddition(ReadingHead):
    """Write the sum of the rows of a grid: numbers in the given base, lowest digit first, a last carry if there is one.

    The optimal return is the length, or one more with a last carry. The time is cells + 4, and the shortest way reads
    every cell once and writes the last carry behind the grid, cells + 1 steps.

    This one needs memory. The digits of a column that were read already can be noted in the characters of actions that
    do not write (for two rows), but the carry cannot: in a column that costs one step a cell, the step into the next
    column is the one that writes, so that its character is the digit and its direction is right, and neither tells
    whether the sum overflowed. Four spare steps help in a few columns only. One remembered carry (and the sum so far)
    is enough.
    Observation, action, reward, horizon, source: see `ReadingHead`; four directions. Raises ValueError for fewer than
    two rows, or more than `base`, where the last carry could take two digits.
    """

    moves = (LEFT, RIGHT, UP, DOWN)

    def __init__(
        self, base: int = 3, rows: int = 2, min_length: int = 1, max_length: int = 6, curriculum: bool = False
    ) -> None:
        super().__init__(base, min_length, max_length, curriculum)
        if not 2 <= rows <= base:
            raise ValueError(f"rows is {rows}, and must lie between 2 and the base, {base}")
        self.rows = rows

    def draw(self, length: int) -> tuple[Characters, Characters]:
        digits = self.np_random.integers(self.base, size=(self.rows, length))
        total, carry = [], 0
        for column in digits.sum(0).tolist():
            carry, digit = divmod(column + carry, self.base)
            total.append(digit)
        return digits, np.array([*total, carry] if carry else total)

    def time(self) -> int:
        return self.grid.size + SPARE_STEPS
