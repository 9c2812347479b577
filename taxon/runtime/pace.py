"""How fast a run goes, and how long it still takes."""

import time
from collections import deque
from collections.abc import Callable

EVERY = 1.0  # seconds between two marks, at least
MARKS = 60  # the latest that a rate is taken over


class Pace:
    """The time left of a run, from what its updates and its evaluations have taken so far.

    The warm-up is no measure of what follows it, nor is a part of a round of rollouts: marks are set where updates have
    just been made, and before the second of them nothing is known. Evaluations are timed for themselves.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.marks: deque[tuple[int, float]] = deque(maxlen=MARKS)  # (step, seconds without evaluations)
        self.evaluating = 0.0  # seconds of all evaluations
        self.evaluation: float | None = None  # seconds of the latest

    def updated(self, step: int) -> None:
        """Updates have just been made, the latest after `step`."""
        now = self.clock() - self.evaluating
        if not self.marks or now - self.marks[-1][1] >= EVERY:
            self.marks.append((step, now))

    def evaluated(self, seconds: float) -> None:
        """An evaluation has taken so long."""
        self.evaluating += seconds
        self.evaluation = seconds

    def left(self, steps: int, evaluations: int) -> float | None:
        """Seconds that so many steps, and so many evaluations, are to take; None before it is known."""
        if len(self.marks) < 2 or (evaluations and self.evaluation is None):
            return None
        (first, began), (last, now) = self.marks[0], self.marks[-1]
        return steps * (now - began) / (last - first) + evaluations * (self.evaluation or 0.0)
