"""Scores and intermediate means of trials, by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from studies.tuning import searching

from taxon.semantics.tuning import Tune
from taxon.studies.statistics.frozen import Cell
from taxon.studies.tuning.scoring import Curve, intermediate, scored


@pytest.fixture
def one(tmp_path: Path) -> Tune:
    return searching.tune_of(searching.write(tmp_path))


@pytest.fixture
def two(tmp_path: Path) -> Tune:
    more = '  scale = { "one" = [0, 10], "two" = [100, 300] }\n  sampler = random'
    return searching.tune_of(searching.write(tmp_path, more=more, environments='"one", "two"'))


def test_a_mean_with_its_interval(one: Tune) -> None:
    """Golden vector B of the studies: E1, EM on, [10, 11, 9, 14]: mean 11, sample variance 14/3."""
    found = scored(one, {"one": Cell([10.0, 11.0, 9.0, 14.0])})
    assert found is not None
    assert (found.value, found.se) == (11.0, pytest.approx(math.sqrt(14 / 3 / 4)))
    # t(.975, 3) = 3.182446
    assert found.half_width() == pytest.approx(3.182446305284263 * math.sqrt(14 / 3 / 4))


def test_environments_are_averaged_on_their_scale(two: Tune) -> None:
    """Scaled means 0.5 and 0.75; variances 0.01 and 0.0625, of three seeds each: SE^2 = (0.01 + 0.0625) / 3 / 4."""
    found = scored(two, {"one": Cell([4.0, 5.0, 6.0]), "two": Cell([200.0, 250.0, 300.0])})
    assert found is not None
    assert found.value == pytest.approx(0.625)
    assert found.se == pytest.approx(math.sqrt((0.01 + 0.0625) / 12))
    # Welch: (a + b)^2 / (a^2 + b^2) * 2 with a : b = 0.01 : 0.0625
    assert found.df == pytest.approx(2 * 0.0725**2 / (0.01**2 + 0.0625**2))


def test_a_frozen_seed_waits_for_the_random_policy(one: Tune) -> None:
    assert scored(one, {"one": Cell([10.0, 4.0], [False, True])}) is None
    found = scored(one, {"one": Cell([10.0, 4.0], [False, True], 2.0)})
    assert found is not None
    assert found.value == 6.0  # the lesser of 4 and 2 beside 10


def test_intermediate_means_go_as_far_as_every_seed(two: Tune) -> None:
    curves = {
        "one": [Curve({0: 0.0, 1: 2.0, 2: 4.0, 3: 6.0}, False), Curve({0: 0.0, 1: 4.0, 2: 6.0}, False)],
        "two": [Curve({0: 0.0, 1: 200.0, 2: 300.0, 3: 300.0}, False)],
    }
    # (mean(2, 4) / 10 + (200 - 100) / 200) / 2, (mean(4, 6) / 10 + 1) / 2
    assert intermediate(two, curves, {}, 5) == pytest.approx({1: 0.4, 2: 0.75})


def test_a_frozen_seed_stays_at_its_last_evaluation_or_below(one: Tune) -> None:
    curves = {"one": [Curve({0: 0.0, 1: 8.0, 2: 10.0}, False), Curve({0: 0.0, 1: 4.0}, True)]}
    assert intermediate(one, curves, {"one": 3.0}, 2) == {1: 6.0, 2: 6.5}
    assert intermediate(one, curves, {"one": 5.0}, 2) == {1: 6.0, 2: 7.0}
    assert intermediate(one, curves, {}, 2) == {1: 6.0}
