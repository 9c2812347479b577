"""The time left counts what is to come, and nothing is said before it is known."""

from taxon.runtime.amounts import duration, size
from taxon.runtime.pace import MARKS, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_warm_up_says_nothing_of_what_follows() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.evaluated(4.0)
    clock.now += 4 + 10  # a thousand steps of warm-up in ten seconds
    assert pace.left(9_000, 3) is None
    clock.now += 30  # the first update is compiled
    pace.updated(1_000)
    assert pace.left(9_000, 3) is None
    clock.now += 5
    pace.updated(1_010)
    assert pace.left(8_990, 3) == 8_990 * 0.5 + 3 * 4.0
    clock.now += 6
    pace.evaluated(6.0)
    clock.now += 5
    pace.updated(1_020)  # an evaluation is not taken for a slow step
    assert pace.left(8_980, 2) == 8_980 * 0.5 + 2 * 6.0


def test_rounds_count_whole() -> None:
    """Steps of rollouts are quick and their updates slow: both are in a round."""
    clock = Clock()
    pace = Pace(clock)
    for step in (1_000, 2_000, 3_000):
        clock.now += 1 + 9
        pace.updated(step)
        clock.now += 0.5  # in the middle of the next round
        left = pace.left(10_000 - step, 0)
    assert left == 7_000 * 0.0105


def test_only_the_latest_minute_counts() -> None:
    clock = Clock()
    pace = Pace(clock)
    for step in range(3 * MARKS):
        clock.now += 10 if step < MARKS else 2
        pace.updated(step)
    assert pace.left(100, 0) == 200.0


def test_an_evaluation_that_was_never_timed_is_not_guessed() -> None:
    clock = Clock()
    pace = Pace(clock)
    for step in (1, 2):
        clock.now += 1
        pace.updated(step)
    assert (pace.left(10, 1), pace.left(10, 0)) == (None, 10.0)


def test_amounts() -> None:
    counts = (832, 1_000, 15_234, 152_000_000, 999_499, 999_500, 1_520_000_000_000)
    assert [size(count) for count in counts] == [
        *("832 bytes", "1.00 kB", "15.2 kB", "152 MB", "999 kB", "1.00 MB", "1,520 GB"),
    ]
    assert [duration(seconds) for seconds in (0, 59.6, 3_661, 360_000)] == [
        "0:00:00",
        "0:01:00",
        "1:01:01",
        "100:00:00",
    ]
