"""Inputs that grow longer as they are mastered."""

from collections import deque

WINDOW = 10  # episodes that a promotion looks at
SPREAD = 2  # a level draws lengths from min_length .. min_length + SPREAD
MASTERED = 0.9  # the share of the optimal return that the window must reach on average


class Curriculum:
    """The lengths to draw from, one longer whenever the last ten episodes earned 90 % of their optimum on average.

    The state is `min_length` and `recent`, the shares of the episodes finished since the last promotion (at most ten),
    and depends on the sequence of recorded episodes alone: no random number is drawn here and a seeded reset leaves it
    as it is. Environments may share one object, which then sees the episodes of all of them.

    Source: the promotion by recent performance of OpenAI Gym's algorithmic tasks (Brockman et al. 2016) and of Zaremba
    et al. 2016, Sec. 5; the threshold is a share of the optimum here, so that it means the same at every length.
    """

    def __init__(self, min_length: int, max_length: int) -> None:
        self.min_length = min_length
        self.max_length = max_length
        self.recent: deque[float] = deque(maxlen=WINDOW)

    @property
    def lengths(self) -> tuple[int, int]:
        """The shortest and the longest input of the present level, both inclusive."""
        return self.min_length, min(self.min_length + SPREAD, self.max_length)

    def record(self, share: float) -> None:
        """A finished episode earned this share of its optimal return (negative where it was punished)."""
        self.recent.append(share)
        mastered = len(self.recent) == WINDOW and sum(self.recent) >= MASTERED * WINDOW
        if mastered and self.min_length < self.max_length:
            self.min_length += 1
            self.recent.clear()
