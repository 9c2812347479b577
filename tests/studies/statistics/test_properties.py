"""What holds for all scores: orders of seeds, units, directions, corrections, ranks."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from vectors import interaction

from taxon.studies.statistics import numbers
from taxon.studies.statistics.bootstrap import interval
from taxon.studies.statistics.contrast import contrast
from taxon.studies.statistics.expectation import Above, Below, Verdict, Within
from taxon.studies.statistics.frozen import Cell, wilson
from taxon.studies.statistics.holm import holm
from taxon.studies.statistics.improvement import probability
from taxon.studies.statistics.judge import judge
from taxon.studies.statistics.ladders import admissible, contributions
from taxon.studies.statistics.moments import Moments
from taxon.studies.statistics.summaries import interquartile_mean, mean, median, optimality_gap, profile

# other work on the same cores is no failure
CALM = settings(deadline=None)

ROWS = ("kl_on", "kl_off", "em_on", "em_off")
SCORE = st.integers(-1000, 1000).map(lambda tenths: tenths / 10)
CELL = st.lists(SCORE, min_size=3, max_size=8).filter(lambda scores: len(set(scores)) > 1)
STUDY = st.fixed_dictionaries(dict.fromkeys(ROWS, CELL))
P = st.floats(0, 1)
EXPECTED = st.builds(lambda make, bound: make(bound), st.sampled_from([Above, Below, Within]), st.floats(0.1, 300))


def found(study, expectation=None):
    return judge([interaction(expectation)], {(row, "E"): Cell(s) for row, s in study.items()}, ["E"])[0]


@CALM
@given(STUDY, EXPECTED, st.randoms(use_true_random=False))
def test_the_order_of_seeds_does_not_matter(study, expectation, random) -> None:
    one = found(study, expectation).environments["E"]
    other = found({row: random.sample(scores, len(scores)) for row, scores in study.items()}, expectation)
    assert other.environments["E"].value == pytest.approx(one.value, abs=1e-9)
    assert other.environments["E"].p == pytest.approx(one.p, rel=1e-6, abs=1e-9)


@CALM
@given(STUDY, st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_units_do_not_matter(study, factor: float, shift: float) -> None:
    """value, SE and interval change with the factor alone; df and p do not change."""
    one = found(study).environments["E"]
    changed = {row: [factor * x + shift for x in scores] for row, scores in study.items()}
    other = found(changed).environments["E"]
    scale = factor * 1e-6
    assert other.value == pytest.approx(factor * one.value, rel=1e-6, abs=scale)
    assert other.interval == pytest.approx(tuple(factor * end for end in one.interval), rel=1e-6, abs=scale)
    assert other.estimate.df == pytest.approx(one.estimate.df, rel=1e-6)
    assert other.p == pytest.approx(one.p, rel=1e-4, abs=1e-7)


@CALM
@given(STUDY)
def test_the_opposite_contrast_has_the_opposite_value_and_the_same_p(study) -> None:
    moments = {row: Moments.of(scores) for row, scores in study.items()}
    weights = {"kl_on": 1.0, "kl_off": -1.0, "em_on": -1.0, "em_off": 1.0}
    one = contrast(weights, moments)
    other = contrast({row: -weight for row, weight in weights.items()}, moments)
    assert (other.value, other.se, other.df) == (pytest.approx(-one.value), one.se, one.df)
    assert other.p() == pytest.approx(one.p())


@CALM
@given(STUDY)
def test_degrees_of_freedom_lie_between_those_of_a_cell_and_of_all(study) -> None:
    moments = {row: Moments.of(scores) for row, scores in study.items()}
    estimate = contrast(interaction().weights, moments)
    sizes = [cell.n - 1 for cell in moments.values()]
    assert min(sizes) - 1e-9 <= estimate.df <= sum(sizes) + 1e-9


@CALM
@given(STUDY, st.floats(0.001, 0.5))
def test_an_interval_leaves_out_what_its_test_rejects(study, alpha: float) -> None:
    estimate = found(study).environments["E"].estimate
    low, high = estimate.interval(alpha)
    assume(min(abs(low), abs(high)) > 1e-9)
    assert (estimate.p() <= alpha) == (not low <= 0 <= high)


@CALM
@given(STUDY, EXPECTED)
def test_undecided_takes_more_seeds_than_there_are(study, expectation) -> None:
    finding = found(study, expectation).environments["E"]
    if finding.verdict is Verdict.UNDECIDED and finding.needed is not None:
        assert finding.needed >= finding.estimate.n * (1 - 1e-6)


@CALM
@given(STUDY, st.floats(0.1, 300))
def test_above_and_below_are_opposite(study, bound: float) -> None:
    opposite = {Verdict.CONFIRMED: Verdict.CONTRADICTED, Verdict.CONTRADICTED: Verdict.CONFIRMED}
    above, below = found(study, Above(bound)).verdict, found(study, Below(bound)).verdict
    assert below is opposite.get(above, above)


@CALM
@given(st.lists(P, min_size=1, max_size=12))
def test_holm_lies_between_p_and_bonferroni(p) -> None:
    for raw, adjusted in zip(p, holm(p), strict=True):
        assert raw <= adjusted <= min(1, len(p) * raw) + 1e-15


@CALM
@given(st.lists(P, min_size=2, max_size=12))
def test_holm_keeps_the_order(p) -> None:
    pairs = sorted(zip(p, holm(p), strict=True))
    assert all(one[1] <= other[1] for one, other in itertools.pairwise(pairs))


@CALM
@given(st.lists(P, min_size=1, max_size=12), st.data())
def test_a_smaller_p_raises_no_corrected_one(p, data) -> None:
    place = data.draw(st.integers(0, len(p) - 1))
    smaller = [*p[:place], p[place] * data.draw(P), *p[place + 1 :]]
    assert all(one <= other + 1e-15 for one, other in zip(holm(smaller), holm(p), strict=True))


@CALM
@given(CELL, CELL)
def test_improvement_and_its_converse_are_one(x, y) -> None:
    a, b = np.array(x), np.array(y)
    assert probability(a, b) + probability(b, a) == pytest.approx(1)
    assert probability(np.arctan(a / 50), np.arctan(b / 50)) == probability(a, b)


@CALM
@given(st.lists(CELL, min_size=1, max_size=3))
def test_summaries_lie_within_the_scores(scores) -> None:
    arrays = [np.array(values) for values in scores]
    low, high = min(map(min, scores)), max(map(max, scores))
    for summary in (mean, median, interquartile_mean):
        assert low - 1e-9 <= float(summary(arrays)) <= high + 1e-9
    assert optimality_gap(arrays, high) == pytest.approx(high - mean(arrays))
    assert profile(arrays, [low - 1, high]).tolist() == [1, 0]


@CALM
@given(st.lists(CELL, min_size=1, max_size=3))
def test_a_bootstrap_is_the_same_every_time(scores) -> None:
    """Environments with different numbers of seeds included."""
    arrays = [np.array(values) for values in scores]
    one = interval(mean, [arrays], repetitions=50)
    assert one == interval(mean, [arrays], repetitions=50)
    assert one[0] <= one[1]


@CALM
@given(st.integers(1, 500), st.data())
def test_wilson_inverts_the_score_test(n: int, data) -> None:
    k = data.draw(st.integers(0, n))
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    for end, inside in ((low, k > 0), (high, k < n)):
        if inside:
            assert abs(k / n - end) / math.sqrt(end * (1 - end) / n) == pytest.approx(1.959964, rel=1e-5)


@CALM
@given(st.sets(st.frozensets(st.sampled_from("abcd"), min_size=1, max_size=3), max_size=4))
def test_orders_avoid_refused_rows(refused) -> None:
    orders = [*admissible("abcd", refused)]
    walks = [[frozenset(order[:k]) for k in range(5)] for order in orders]
    assert not {row for walk in walks for row in walk} & refused
    if orders:
        assert all(sum(rung.weight for rung in rungs) == pytest.approx(1) for rungs in contributions(orders).values())


@CALM
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_an_estimate_as_text_is_the_estimate(value: float, half: float) -> None:
    """To a tenth of the half-width, and no minus zero."""
    text = numbers.estimate(value, (value - half, value + half))
    shown, low, high = (float(word.strip("[],")) for word in text.split())
    assert (shown, low, high) == pytest.approx((value, value - half, value + half), abs=half / 10 + 1e-9 * abs(value))
    assert "-0 " not in text.replace("]", " ").replace(",", " ")
