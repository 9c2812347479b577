"""Sequence transduction: the head reads a tape of one row and must write what a rule makes of it.

All four are solved by a policy without memory over the character under the head and the previous action: whether the
last move was to the left or to the right, and whether it wrote, is all that the rules need beside the character. The
time is cells of the tape + characters of the target + 4.
"""

import numpy as np

from taxon.tasks.reading_head import Characters, ReadingHead


class Copy(ReadingHead):
    """Write the tape as it is. The optimal return is the length; the character alone decides the action.

    Observation, action, reward, horizon, source: see `ReadingHead`.
    """

    def __init__(self, base: int = 5, min_length: int = 2, max_length: int = 10, curriculum: bool = False) -> None:
        super().__init__(base, min_length, max_length, curriculum)

    def draw(self, length: int) -> tuple[Characters, Characters]:
        text = self.np_random.integers(self.base, size=length)
        return text[None], text


class DuplicatedInput(Copy):
    """The tape has every character twice in a row; write each once. The optimal return is the length.

    `length` counts the characters to write, so the tape has twice as many. Whether the previous action wrote tells the
    first of two equal characters from the second.
    Observation, action, reward, horizon, source: see `ReadingHead`.
    """

    def draw(self, length: int) -> tuple[Characters, Characters]:
        text = self.np_random.integers(self.base, size=length)
        return np.repeat(text, 2)[None], text


class RepeatCopy(ReadingHead):
    """Write the tape, then backwards, then as it is again. The optimal return is three times the length.

    The blanks at both ends say when to turn around, and the previous move in which direction to go on.
    Observation, action, reward, horizon, source: see `ReadingHead`.
    """

    def __init__(self, base: int = 5, min_length: int = 1, max_length: int = 6, curriculum: bool = False) -> None:
        super().__init__(base, min_length, max_length, curriculum)

    def draw(self, length: int) -> tuple[Characters, Characters]:
        text = self.np_random.integers(self.base, size=length)
        return text[None], np.concatenate([text, text[::-1], text])


class Reverse(ReadingHead):
    """Write the tape backwards. The optimal return is the length.

    The head moves to the blank behind the tape without writing, and writes on the way back: the previous move says
    which of the two it is doing.
    Observation, action, reward, horizon, source: see `ReadingHead`.
    """

    def __init__(self, base: int = 2, min_length: int = 1, max_length: int = 6, curriculum: bool = False) -> None:
        super().__init__(base, min_length, max_length, curriculum)

    def draw(self, length: int) -> tuple[Characters, Characters]:
        text = self.np_random.integers(self.base, size=length)
        return text[None], text[::-1]
