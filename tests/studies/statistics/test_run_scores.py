"""Scores of runs: what of a curve counts, and that no curve is extended."""

from __future__ import annotations

import numpy as np
import pytest

from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.scores import auc, best, final

TIMES = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
RETURNS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 20]


def test_final_is_the_mean_of_the_last_part() -> None:
    assert final(TIMES, RETURNS, 100, 0.1) == 20
    assert final(TIMES, RETURNS, 100, 0.3) == pytest.approx((8 + 9 + 20) / 3)
    assert final(TIMES, RETURNS, 100, 1) == pytest.approx(6.5)


@pytest.mark.parametrize("steps", [10**k for k in range(2, 8)] + [3 * 10**6, 700_000])
def test_an_evaluation_on_the_border_is_outside(steps: int) -> None:
    """Although 0.1 is no binary fraction."""
    times = np.arange(1, 101) * (steps / 100)
    assert final(times, np.arange(1.0, 101.0), steps, 0.1) == pytest.approx(np.arange(91, 101).mean())


def test_at_least_one_evaluation_counts() -> None:
    assert final([40, 80], [1, 7], 100, 0.1) == 7


def test_a_longer_run_serves_a_shorter_study() -> None:
    assert final(TIMES, RETURNS, 50) == 5
    assert best(TIMES, RETURNS, 90) == 9
    assert auc(TIMES, RETURNS, 20) == 1.5


def test_an_evaluation_before_training_has_no_area() -> None:
    assert auc([0, *TIMES], [1e6, *RETURNS], 100) == auc(TIMES, RETURNS, 100)


def test_best() -> None:
    assert best([1, 2, 3], [5, 9, 2], 3) == 9


@pytest.mark.parametrize("score", [final, auc, best])
def test_a_diverged_evaluation_is_the_worst_score(score) -> None:
    assert score([1, 2], [-np.inf, -np.inf], 2) == -np.inf


@pytest.mark.parametrize("score", [final, auc, best])
@pytest.mark.parametrize(
    ("times", "returns", "steps", "says"),
    [
        (TIMES[:-1], RETURNS[:-1], 100, "ends at 90 of 100 steps"),
        ([20, 40], [1, 2], 1000, "ends at 40 of 1000 steps"),
        ([], [], 100, "without an evaluation"),
        ([0], [3], 100, "without an evaluation"),
        ([10, 10], [1, 2], 10, "rise"),
        ([20, 10], [1, 2], 20, "rise"),
        ([10, 20], [1], 20, "as many times"),
        ([10, 20], [1, float("nan")], 20, "not a number"),
        (TIMES, RETURNS, 0, "positive number of steps"),
    ],
)
def test_refused_curves(score, times, returns, steps, says) -> None:
    with pytest.raises(StatisticsError, match=says):
        score(times, returns, steps)


def test_the_last_evaluation_may_lie_less_than_one_cadence_before_the_end() -> None:
    assert final([30, 60, 90], [1, 2, 3], 100) == 3


@pytest.mark.parametrize("fraction", [0, -0.1, 1.1])
def test_refused_fractions(fraction: float) -> None:
    with pytest.raises(StatisticsError, match="fraction"):
        final(TIMES, RETURNS, 100, fraction)
