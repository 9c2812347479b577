"""Claims: verdicts, what they take to be decided, corrections over claims, edges, frozen seeds, looks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from vectors import BOTH, EM, KL, SCALE, SCORES, cells, effect, interaction

from taxon.studies.statistics.comparison import Comparison
from taxon.studies.statistics.contrast import contrast
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.expectation import Above, Below, Verdict, Within
from taxon.studies.statistics.frozen import Cell, Frozen, Treatment
from taxon.studies.statistics.judge import judge
from taxon.studies.statistics.looks import Looks, unfinished
from taxon.studies.statistics.moments import Moments
from taxon.studies.statistics.ranks import ranks
from taxon.studies.statistics.results import Claim, Crossing

ON, OFF = [5.0, 6.0, 7.0, 6.5, 5.5], [1.0, 2.0, 1.5, 2.5, 3.0]
PAIR = Comparison("on", "off")


def two(on=ON, off=OFF, environments=("E",)):
    return {(row, e): Cell(scores) for e in environments for row, scores in (("on", on), ("off", off))}


def only(claim: Claim, given, environment: str = "E", **options):
    (result,) = judge([claim], given, [environment], **options)
    return result.environments[environment]


# ---- contrasts


def test_two_cells_are_welchs_test() -> None:
    found = only(effect(PAIR), two(on=[3, 9, 4, 8, 7, 1]))
    scipy = stats.ttest_ind([3, 9, 4, 8, 7, 1], OFF, equal_var=False)
    assert (found.p, found.estimate.df) == (pytest.approx(scipy.pvalue), pytest.approx(scipy.df))
    assert found.interval == pytest.approx(tuple(scipy.confidence_interval()))


def test_a_single_cell_is_students_test() -> None:
    estimate = contrast({"x": 1.0, "unused": 0.0}, {"x": Moments.of(ON)})
    assert estimate.p(5) == pytest.approx(stats.ttest_1samp(ON, 5).pvalue)


def test_one_sided_tests_are_scipys() -> None:
    estimate = contrast({"x": 1.0}, {"x": Moments.of(ON)})
    low = stats.ttest_1samp(ON, -7, alternative="greater").pvalue
    high = stats.ttest_1samp(ON, 7, alternative="less").pvalue
    assert estimate.p_within(7) == pytest.approx(max(low, high))
    assert estimate.p_beyond(5) == pytest.approx(2 * stats.ttest_1samp(ON, 5, alternative="greater").pvalue)


def test_a_contrast_of_nothing_is_refused() -> None:
    with pytest.raises(StatisticsError, match="weight"):
        contrast({"x": 0.0}, {})
    with pytest.raises(StatisticsError, match="cancel"):
        Claim("c", (PAIR, Comparison("on", "off", -1.0)))


# ---- verdicts


@pytest.mark.parametrize(
    ("expectation", "verdict"),
    [
        (Above(0), Verdict.CONFIRMED),
        (Above(2.5), Verdict.CONFIRMED),
        (Above(4.1), Verdict.UNDECIDED),
        (Above(9), Verdict.CONTRADICTED),
        (Below(9), Verdict.CONFIRMED),
        (Below(3.9), Verdict.UNDECIDED),
        (Below(0), Verdict.CONTRADICTED),
        (Within(9), Verdict.ABSENT),
        (Within(4.1), Verdict.UNDECIDED),
        (Within(1), Verdict.CONTRADICTED),
    ],
)
def test_verdicts(expectation, verdict) -> None:
    """The effect is 4 [2.85, 5.15]."""
    assert only(effect(PAIR, expectation), two()).verdict is verdict


@pytest.mark.parametrize("delta", np.linspace(0.5, 12, 47))
def test_absent_means_the_90_percent_interval_inside(delta: float) -> None:
    found = only(effect(PAIR, Within(delta)), two())
    low, high = found.estimate.interval(0.1)
    assert (found.verdict is Verdict.ABSENT) == (-delta < low and high < delta)


def test_a_delta_is_positive() -> None:
    with pytest.raises(StatisticsError, match="positive"):
        Within(0)


def test_seeds_that_it_would_take() -> None:
    """n (half-width / |L|)^2: with so many seeds and the same variances the interval just leaves out 0."""
    found = only(effect(PAIR), two(on=[1, 9, 4, 2, 6]))
    half = (found.interval[1] - found.interval[0]) / 2
    assert found.verdict is Verdict.UNDECIDED
    assert found.needed == pytest.approx(5 * (half / found.value) ** 2)
    assert found.needed > 5


def test_seeds_that_an_absence_would_take() -> None:
    """The 90 % interval has to shrink into delta."""
    found = only(effect(EM, Within(3)), cells(), "E2")
    assert found.needed == pytest.approx(4 * (3.488580 / 3) ** 2, rel=1e-6)


def test_a_corrected_verdict_takes_more_seeds_than_there_are() -> None:
    """p = .02 alone would be decided; as one of three claims it is not, and the seeds are those of its own level."""
    given = two(on=[3.6, 3.0, 2.2, 2.9, 4.1])
    assert only(effect(PAIR), given).verdict is Verdict.CONFIRMED
    others = [effect(Comparison("a", "b"), name=name) for name in ("x", "y", "z", "w", "v", "u")]
    result, *_ = judge([effect(PAIR), *others], given, ["E"])
    found = result.environments["E"]
    assert found.verdict is Verdict.UNDECIDED
    assert found.needed > 5


def test_no_seeds_decide_an_effect_of_zero() -> None:
    found = only(effect(PAIR), two(on=[1, 2, 3], off=[1, 2, 3]))
    assert (found.p, found.verdict, found.needed) == (1, Verdict.UNDECIDED, None)


def test_exploration_has_intervals_and_no_verdict() -> None:
    explored = Claim("explored", (PAIR,))
    result, declared = judge([explored, effect(PAIR)], two(), ["E"])
    found = result.environments["E"]
    assert (found.verdict, found.adjusted, result.verdict) == (None, None, None)
    assert found.interval == declared.environments["E"].interval
    # and it is not one of the claims that are corrected for
    assert declared.environments["E"].adjusted == found.p


def test_claims_are_corrected_together() -> None:
    claims = [effect(KL, name="kl"), effect(EM, name="em"), interaction()]
    adjusted = [result.environments["E3"].adjusted for result in judge(claims, cells(), ["E3"])]
    assert adjusted == pytest.approx([3 * 0.000448, 0.133975, 2 * 0.003182], rel=1e-2)


def test_no_environment_is_confirmed_whose_claim_is_not() -> None:
    given = {**two(), **two(on=[2, 3, 2.5, 3, 4], environments=("F",))}
    claims = [effect(PAIR, name=name) for name in "abcde"]
    for result in judge(claims, given, ["E", "F"]):
        assert result.environments["E"].adjusted == pytest.approx(5 * 2 * result.environments["E"].p)
        assert result.environments["F"].adjusted >= result.environments["E"].adjusted


def test_a_bound_is_in_scaled_units() -> None:
    scale = {"E": (0.0, 100.0)}
    found = only(effect(PAIR, Within(0.09)), two(), scale=scale)
    assert (found.verdict, found.expected) == (Verdict.ABSENT, Within(9.0))


@pytest.mark.parametrize(
    ("scale", "says"), [({}, "no \\[low, high\\] for E"), ({"E": (1.0, 1.0)}, "rises"), ({"E": (2.0, 1.0)}, "rises")]
)
def test_refused_scales(scale, says) -> None:
    with pytest.raises(StatisticsError, match=says):
        judge([effect(PAIR)], two(), ["E"], scale)


def test_mixed_verdicts() -> None:
    given = {**two(), **two(on=OFF, off=ON, environments=("F",))}
    (result,) = judge([effect(PAIR)], given, ["E", "F"])
    assert result.verdict is Verdict.MIXED
    assert (result.where(Verdict.CONFIRMED), result.where(Verdict.CONTRADICTED)) == (["E"], ["F"])


def test_two_claims_of_one_name_are_refused() -> None:
    with pytest.raises(StatisticsError, match="different names"):
        judge([effect(PAIR), effect(PAIR)], two(), ["E"])


# ---- signs of simple effects


def test_crossings() -> None:
    given = {
        ("kl_on", "E"): Cell([5, 6, 7]),
        ("kl_off", "E"): Cell([1, 2, 3]),
        ("em_on", "E"): Cell([1, 2, 3]),
        ("em_off", "E"): Cell([5, 6, 7]),
    }
    (result,) = judge([interaction()], given, ["E"])
    assert result.crossings == {"E": Crossing(True, True)}
    (result,) = judge([interaction()], {**given, ("em_on", "E"): Cell([4, 5, 8])}, ["E"])
    assert result.crossings == {"E": Crossing(True, False)}
    (result,) = judge([interaction()], {**given, ("em_on", "E"): Cell([6, 7, 8])}, ["E"])
    assert result.crossings == {"E": Crossing(False, False)}


def test_an_effect_has_no_crossing() -> None:
    (result,) = judge([effect(PAIR)], two(), ["E"])
    assert result.crossings == {}


def test_ranks_do_not_change_with_the_scale() -> None:
    """200 - 100 against 20 - 10: an additive interaction of 90, none in logarithms, none in ranks."""
    raw = {
        "kl_on": [190, 200, 210],
        "kl_off": [95, 100, 105],
        "em_on": [19, 20, 21],
        "em_off": [9.5, 10, 10.5],
    }
    given = {(row, "E"): Cell(scores) for row, scores in raw.items()}
    logs = {(row, "E"): Cell(np.log(scores)) for row, scores in raw.items()}
    assert only(interaction(), given).value == pytest.approx(90)
    assert only(interaction(), logs).value == pytest.approx(0, abs=1e-12)
    assert ranks(interaction(), given, ["E"]) == ranks(interaction(), logs, ["E"])
    assert ranks(interaction(), given, ["E"]).value == 0


# ---- edges


@pytest.mark.parametrize(
    ("given", "reason", "value"),
    [
        (two(on=[5, 6]), "fewer than 3 seeds", 3.5),
        (two(on=[5]), "fewer than 3 seeds", 3.0),
        (two(on=[]), "no scores", None),
        ({("on", "E"): Cell(ON)}, "no scores", None),
        (two(on=[5, 5, 5], off=[2, 2, 2]), "seeds do not differ", 3.0),
        # the mean of three times 0.1 is not 0.1 in binary
        (two(on=[0.1] * 3, off=[0.3] * 7), "seeds do not differ", -0.2),
        (two(on=[5, 6, -math.inf]), "-inf", None),
    ],
)
def test_edges(given, reason, value) -> None:
    found = only(effect(PAIR), given)
    assert (found.interval, found.p, found.needed, found.verdict) == (None, None, None, Verdict.UNDECIDED)
    assert reason in found.reason
    assert found.value == (None if value is None else pytest.approx(value))


def test_one_cell_without_variance_is_no_edge() -> None:
    found = only(effect(PAIR), two(off=[2, 2, 2]))
    assert found.p == pytest.approx(stats.ttest_1samp(ON, 2).pvalue)


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_refused_scores(score: float) -> None:
    with pytest.raises(StatisticsError, match="number or -inf"):
        only(effect(PAIR), two(on=[1, 2, score]))


def test_a_claim_without_a_test_remains_one_of_the_claims() -> None:
    missing, present = judge([effect(Comparison("x", "y"), name="missing"), effect(PAIR)], two(), ["E"])
    assert missing.verdict is Verdict.UNDECIDED
    assert present.environments["E"].adjusted == pytest.approx(2 * present.environments["E"].p)


def test_environments_that_are_missing_leave_no_aggregate() -> None:
    given = {key: cell for key, cell in cells().items() if key != ("em_off", "E3")}
    (result,) = judge([interaction()], given, [*SCORES], SCALE)
    assert (result.over_these.value, result.like_these.value) == (None, None)
    assert result.verdict is Verdict.UNDECIDED
    assert result.environments["E1"].verdict is Verdict.CONFIRMED


def test_two_environments_have_no_interval_of_their_likes() -> None:
    (result,) = judge([interaction()], cells(), ["E1", "E2"], SCALE)
    assert (result.like_these.reason, result.like_these.interval) == ("fewer than 3 environments", None)
    assert result.like_these.value == pytest.approx((0.7 - 1 / 30) / 2)


# ---- frozen seeds


def frozen(on=(5, 6, 7, 6, math.nan), marks=(False,) * 4 + (True,), random=0.0):
    return {**two(), ("on", "E"): Cell(on, marks, random)}


def test_a_frozen_seed_without_a_number_is_the_floor() -> None:
    assert frozen()["on", "E"].treated(Treatment.FLOOR).tolist() == [5, 6, 7, 6, 0]
    assert frozen()["on", "E"].treated(Treatment.LAST).tolist() == [5, 6, 7, 6, -math.inf]
    assert frozen()["on", "E"].treated(Treatment.EXCLUDE).tolist() == [5, 6, 7, 6]


def test_the_floor_is_the_lesser_of_the_two() -> None:
    assert Cell([5, -3, 9], [False, True, True], random=2.0).treated(Treatment.FLOOR).tolist() == [5, -3, 2]


def test_a_way_without_a_test_has_no_say() -> None:
    (result,) = judge([effect(PAIR)], frozen(), ["E"])
    found = result.environments["E"]
    assert Treatment.LAST not in found.by_treatment
    assert result.warnings == ("E: a score is -inf where frozen seeds count as their last evaluation",)


def test_agreement_is_a_verdict() -> None:
    (result,) = judge([effect(PAIR)], frozen(on=(5, 6, 7, 6, 4.5), random=4.0), ["E"])
    assert result.verdict is Verdict.CONFIRMED
    assert set(result.environments["E"].by_treatment) == {*Treatment}


def test_excluding_too_many_says_so() -> None:
    given = {**two(), ("on", "E"): Cell([5, 6, 7, 7.5, 6.5], [True, True, True, False, False], 4.5)}
    (result,) = judge([effect(PAIR)], given, ["E"])
    assert result.verdict is Verdict.CONFIRMED
    assert result.warnings == ("E: fewer than 3 seeds where frozen seeds are excluded",)
    (result,) = judge([effect(PAIR)], given, ["E"], failure=Treatment.EXCLUDE)
    assert result.verdict is Verdict.UNDECIDED


def test_another_claims_frozen_seeds_can_move_a_verdict() -> None:
    """By Holm's correction: this claim has none itself, so those of the study are counted."""
    given = {
        **two(on=[3.6, 3.0, 2.2, 2.9, 4.1]),
        ("a", "E"): Cell([5, 6, 7, 6, 5], [False, False, False, False, True], random=-40.0),
        ("b", "E"): Cell([1, 2, 3, 2, 1]),
    }
    claims = [effect(PAIR), effect(Comparison("a", "b"), name="other")]
    mine, other = judge(claims, given, ["E"])
    assert (mine.verdict, other.verdict) == (Verdict.DEPENDS, Verdict.DEPENDS)
    assert mine.environments["E"].frozen == Frozen(1, 20)
    assert other.environments["E"].frozen == Frozen(1, 10)


def test_a_frozen_seed_needs_the_random_policys_return() -> None:
    with pytest.raises(StatisticsError, match="random policy's return"):
        judge([effect(PAIR)], frozen(random=None), ["E"])


def test_marks_are_one_a_score() -> None:
    with pytest.raises(StatisticsError, match="5 scores and 2 marks"):
        judge([effect(PAIR)], frozen(marks=(True, False)), ["E"])


def test_daggers_and_proportions() -> None:
    (result,) = judge([effect(PAIR)], frozen(), ["E"])
    assert result.frozen == {("on", "E"): Frozen(1, 5), ("off", "E"): Frozen(0, 5)}
    assert (frozen()["on", "E"].dagger, frozen()["off", "E"].dagger) == ("†", "")
    assert result.frozen["on", "E"].interval == pytest.approx((0.036224, 0.624465), abs=1e-6)
    assert Frozen(0, 0).interval is None


# ---- versions


def test_unequal_versions_are_warned_of() -> None:
    given = {
        ("on", "E"): Cell(ON, versions={"torch": frozenset({"2.9"}), "device": frozenset({"cpu"})}),
        ("off", "E"): Cell(OFF, versions={"torch": frozenset({"2.10"}), "device": frozenset({"cpu"})}),
    }
    (result,) = judge([effect(PAIR)], given, ["E"])
    assert result.warnings == ("torch differs between the runs of this claim: 2.10, 2.9",)


# ---- looks


def test_sizes_of_looks() -> None:
    assert Looks(5, 20, 5).sizes == (5, 10, 15, 20)
    assert Looks(5, 18, 5).sizes == (5, 10, 15, 18)
    assert Looks(5, 5, 5).sizes == (5,)
    assert Looks(5, 20, 5).alpha() == 0.0125


@pytest.mark.parametrize("looks", [(0, 5, 1), (6, 5, 1), (5, 10, 0)])
def test_refused_looks(looks) -> None:
    with pytest.raises(StatisticsError, match="adaptive"):
        Looks(*looks)


def test_cells_of_decided_claims_stop() -> None:
    claims = [effect(KL, name="kl"), effect(EM, name="em")]
    results = judge(claims, cells(), ["E3"])
    assert [result.verdict for result in results] == [Verdict.CONFIRMED, Verdict.UNDECIDED]
    assert unfinished(results) == {("em_on", "E3"), ("em_off", "E3")}
    # a cell that an open claim shares goes on
    assert ("kl_on", "E2") in unfinished(judge([effect(KL), interaction()], cells(), ["E2"]))


def test_an_aggregate_keeps_all_environments_going_until_it_is_decided() -> None:
    assert unfinished(judge([effect(EM)], cells(), [*SCORES], SCALE)) == {
        (row, name) for row in ("em_on", "em_off") for name in SCORES
    }
    assert unfinished(judge([interaction()], cells(), [*SCORES], SCALE)) == set()
    assert unfinished(judge([Claim("explored", BOTH)], cells(), [*SCORES])) == set()


def test_what_an_earlier_look_decided_stays() -> None:
    first = judge([effect(PAIR), effect(Comparison("a", "b"), name="other")], two(), ["E"])
    assert first[0].verdict is Verdict.CONFIRMED
    later = {**two(on=[9, -9, 3, 2, 1]), ("a", "E"): Cell([3, 4, 5]), ("b", "E"): Cell([1, 2, 2.5])}
    kept, other = judge([first[0].claim, first[1].claim], later, ["E"], earlier=first)
    assert kept.environments["E"].verdict is Verdict.CONFIRMED
    assert kept.environments["E"].estimate == first[0].environments["E"].estimate
    # its p counts in the correction as it was
    assert other.environments["E"].adjusted == pytest.approx(other.environments["E"].p)


def test_cells_of_no_claim_do_not_count() -> None:
    """Nor do their frozen seeds, for which nobody has measured a random policy."""
    strange = {("other", "E"): Cell([1, 2, 3], [True, False, False]), ("on", "F"): Cell([1, 2], [True, True])}
    assert judge([effect(PAIR)], {**two(), **strange}, ["E"]) == judge([effect(PAIR)], two(), ["E"])


def test_an_aggregate_that_an_earlier_look_decided_stays() -> None:
    names = ["E", "F", "G"]
    scale = dict.fromkeys(names, (0.0, 10.0))
    first = judge([effect(PAIR)], two(environments=names), names, scale)
    assert first[0].over_these.verdict is Verdict.CONFIRMED
    (kept,) = judge([effect(PAIR)], two(on=[9, -9, 3, 2, 1], environments=names), names, scale, earlier=first)
    assert kept.over_these == first[0].over_these
    assert kept.like_these.estimate != first[0].like_these.estimate


def test_environments_like_these_stay_decided() -> None:
    names = ["E", "F", "G"]
    given = {**two(environments=names), ("on", "F"): Cell([5.5, 6, 7, 6.5, 5.5])}
    first = judge([effect(PAIR)], given, names, dict.fromkeys(names, (0.0, 10.0)))
    assert first[0].like_these.verdict is Verdict.CONFIRMED
    later = {**given, ("on", "G"): Cell([9, -9, 3, 2, 1])}
    (kept,) = judge([effect(PAIR)], later, names, dict.fromkeys(names, (0.0, 10.0)), earlier=first)
    assert kept.like_these == first[0].like_these


def test_rows_may_be_others_elsewhere() -> None:
    """Levels that mean other rows on an environment are compared as one row that has one name would be."""
    renamed = {(f"{row}!" if name == "E2" else row, name): cell for (row, name), cell in cells().items()}
    others = tuple(replace(pair, on=f"{pair.on}!", off=f"{pair.off}!") for pair in BOTH)
    claim = replace(interaction(), elsewhere={"E2": others})
    (usual,), (found,) = (
        judge([one], given, [*SCORES], SCALE) for one, given in ((interaction(), cells()), (claim, renamed))
    )
    assert found.environments == usual.environments
    assert (found.over_these, found.like_these) == (usual.over_these, usual.like_these)
    assert (found.simple, found.crossings) == (usual.simple, usual.crossings)
    assert ranks(claim, renamed, [*SCORES]) == ranks(interaction(), cells(), [*SCORES])


def test_rows_that_are_equal_on_one_environment_count_once() -> None:
    """Where both effects have one baseline, it cancels: its seeds are not taken for two samples."""
    shared = (replace(BOTH[0], off="kl_off"), replace(BOTH[1], off="kl_off"))
    claim = replace(interaction(), elsewhere={"E2": shared})
    (found,) = judge([claim], cells(), ["E1", "E2"])
    (direct,) = judge([effect(Comparison("kl_on", "em_on"))], cells(), ["E2"])
    assert found.environments["E2"].estimate == direct.environments["E2"].estimate
    same = replace(claim, elsewhere={"E2": (BOTH[0], replace(BOTH[1], off="em_on"))})
    (found,) = judge([same], cells(), ["E2"])
    assert found.simple["E2"][1].value == 0
    assert found.simple["E2"][1].reason == "the rows are equal there"


def test_a_walk_may_have_other_rungs_elsewhere() -> None:
    """The ranks leave such an environment out."""
    claim = replace(effect(EM), elsewhere={"E2": (replace(KL, weight=0.5), replace(EM, weight=0.5))})
    (found,) = judge([claim], cells(), ["E1", "E2"])
    assert found.environments["E2"].value == -0.5
    assert len(found.simple["E2"]) == 2
    assert [*ranks(claim, cells(), ["E1", "E2"]).environments] == ["E1"]
