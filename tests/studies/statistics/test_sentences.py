"""The sentences of a claim."""

from __future__ import annotations

import math

import pytest
from vectors import BOTH, EM, KL, SCALE, SCALE2, SCORES, TABLE2, cells, effect, interaction, table2

from taxon.studies.statistics import numbers
from taxon.studies.statistics.comparison import Comparison
from taxon.studies.statistics.expectation import Above, Verdict, Within
from taxon.studies.statistics.frozen import Cell
from taxon.studies.statistics.judge import judge
from taxon.studies.statistics.ladders import admissible, contributions
from taxon.studies.statistics.ranks import ranks
from taxon.studies.statistics.results import Claim
from taxon.studies.statistics.wording import crossing, improvement, sentences


def said(claim, given, environments, *others, subject="Clipped double Q", unit="in scaled units", **options) -> str:
    result, *_ = judge([claim, *others], given, environments, **options)
    return sentences(result, subject, unit=unit)


def test_table_2() -> None:
    (result,) = judge([interaction()], table2(), [*TABLE2], SCALE2)
    assert sentences(result, "Clipped double Q", unit="of SAC's score") == (
        "Clipped double Q, Hopper: +1412 [780, 2044] under KL control, +216 [-728, 1160] under EM control. "
        "Interaction confirmed on 3 of 6 environments (Walker2d, Ant, Humanoid), undecided on 3; "
        "over these six +0.36 [0.27, 0.45] of SAC's score; "
        "for environments like these +0.36 [-0.08, 0.79], undecided. EM control gains too on Ant and Humanoid."
    )
    assert crossing(result) == "Their estimates differ in sign on HalfCheetah, but not beyond their intervals."
    assert sentences(result, "It", shown="Ant-v4").startswith("It, Ant: +4369 [")


def test_one_environment() -> None:
    assert said(interaction(), table2(), ["Hopper-v4"]) == (
        "Clipped double Q, Hopper: +1412 [780, 2044] under KL control, +216 [-728, 1160] under EM control. "
        "Interaction +1196 [95, 2297], confirmed (p = .034)."
    )
    assert said(effect(KL), table2(), ["Hopper-v4"]) == (
        "Clipped double Q, Hopper: under KL control +1412 [780, 2044], confirmed (p < .001)."
    )


def test_undecided_says_what_it_would_take() -> None:
    text = said(effect(Comparison("em_on", "em_off")), table2(), ["Hopper-v4"])
    assert text == "Clipped double Q, Hopper: +216 [-728, 1160], undecided (about 191 seeds would decide it)."


@pytest.mark.parametrize(
    ("claim", "given", "ending"),
    [
        (effect(EM, Within(6)), cells(), "absent within 6 (p = .009)."),
        (effect(EM, Above(20)), cells(), "contradicted (p < .001)."),
        (effect(EM), {}, "no estimate (a cell has no scores), undecided (a cell has no scores)."),
        (
            effect(EM),
            {("em_on", "E2"): Cell([4, 4, 4]), ("em_off", "E2"): Cell([1, 1, 1])},
            "+3.00 (no interval: seeds do not differ), undecided (seeds do not differ).",
        ),
        (
            effect(EM),
            {("em_on", "E2"): Cell([500.0, 501]), ("em_off", "E2"): Cell([1, 2])},
            "+499 (no interval: fewer than 3 seeds), undecided (fewer than 3 seeds).",
        ),
    ],
)
def test_endings(claim, given, ending) -> None:
    assert said(claim, given, ["E2"]).endswith(f" {ending}")


def test_frozen_seeds() -> None:
    froze = {**cells(), ("kl_on", "E1"): Cell([12, 14, 13, 4], [False, False, False, True], random=0.0)}
    assert said(interaction(), froze, ["E1"]).endswith(
        "Interaction +3 [-7, 12], depends on how 1 frozen seed counts: undecided where they count as the floor "
        "or as their last evaluation, confirmed where they are excluded."
    )
    text = said(interaction(), froze, [*SCORES])
    assert "E1†: " in text
    assert "Interaction confirmed on 1 of 3 environments (E3), undecided on 1" in text
    assert "depending on how frozen seeds count on 1 (E1†)" in text
    both = {**froze, ("kl_off", "E1"): Cell([6, 9, 5, 8], [True, False, False, False], random=0.0)}
    assert "depends on how 2 frozen seeds count" in said(interaction(), both, [*SCORES], scale=SCALE)


def test_all_environments_alike() -> None:
    assert "Effect undecided on all 2 environments; over these two " in said(
        effect(EM), cells(), ["E1", "E2"], scale=SCALE
    )
    assert "Effect absent within 0.9 of SAC's score on all 2 environments; " in said(
        effect(EM, Within(0.9)), cells(), ["E1", "E2"], scale=SCALE, unit="of SAC's score"
    )


def test_undecided_never_reads_as_no_effect() -> None:
    for expectation in (Above(0.0), Within(0.01)):
        text = said(effect(EM, expectation), cells(), ["E1", "E2"], scale=SCALE)
        assert "undecided" in text
        assert not any(word in text for word in ("no effect", "not significant", "absent"))


def test_exploration() -> None:
    text = said(Claim("explored", BOTH, kind="interaction"), cells(), [*SCORES], scale=SCALE)
    assert (
        "exploration, without a verdict. Interaction over these three +0.42 [0.24, 0.61] in scaled units; for" in text
    )
    assert not any(verdict.value in text for verdict in Verdict)


def test_a_level_that_is_not_the_usual_one_is_said() -> None:
    assert said(effect(KL), cells(), ["E1"], alpha=0.0125).endswith("Intervals cover 98.75 %.")


def test_a_shapley_value_has_its_range() -> None:
    rungs = contributions([*admissible("abcd")])
    means = {
        row: float(len(row) + ("a" in row) * 3) for claim in rungs.values() for c in claim for row in (c.on, c.off)
    }
    given = {(row, "E"): Cell([mean - 1, mean, mean + 1]) for row, mean in means.items()}
    text = said(Claim("a", rungs["a"], Above(0.0), "contribution"), given, ["E"], subject="a")
    assert text.startswith("a, E: +4.0 [")
    assert "] (from +4.00 to +4.00), confirmed (p < .001)." in text


def test_crossings() -> None:
    crossed = {**table2(), ("em_on", "Hopper-v4"): Cell([0.0, 1, 2])}
    (result,) = judge([interaction()], crossed, ["Hopper-v4"])
    assert crossing(result) == (
        "The simple effects differ in sign on Hopper: there the interaction remains on every scale."
    )
    assert sentences(result, "It").endswith("confirmed (p < .001).")
    (result,) = judge([interaction()], table2(), ["Hopper-v4"])
    assert crossing(result) == (
        "The simple effects do not differ in sign: on another scale the interaction can vanish."
    )
    (result,) = judge([effect(KL)], table2(), ["Hopper-v4"])
    assert crossing(result) == ""


def test_a_loss_is_one() -> None:
    given = {**table2(), ("em_on", "Hopper-v4"): Cell([0.0, 1, 2])}
    assert "EM control loses on Hopper." in said(interaction(), given, ["Hopper-v4", "Ant-v4"])


def test_versions_of_one_environment_keep_their_names() -> None:
    given = {**table2(), **{(row, "Hopper-v5"): cell for (row, name), cell in table2().items() if name == "Hopper-v4"}}
    assert said(interaction(), given, ["Hopper-v4", "Hopper-v5"]).startswith("Clipped double Q, Hopper-v4: ")


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (1412.3, (780.2, 2044.4), "+1412 [780, 2044]"),
        (-0.3, (-40.2, 39.6), "0 [-40, 40]"),
        (3.0, (1.22, 4.78), "+3.0 [1.2, 4.8]"),
        (0.3567, (0.2653, 0.448), "+0.36 [0.27, 0.45]"),
        (0.3567, (0.3553, 0.3581), "+0.3567 [0.3553, 0.3581]"),
        (-0.001, (-0.2, 0.2), "0.00 [-0.20, 0.20]"),
    ],
)
def test_numbers(value, interval, text) -> None:
    assert numbers.estimate(value, interval) == text


@pytest.mark.parametrize(("p", "text"), [(0.034, "p = .034"), (0.0001, "p < .001"), (1.0, "p = 1.000")])
def test_probabilities(p: float, text: str) -> None:
    assert numbers.probability(p) == text


def test_lists_and_counts() -> None:
    assert numbers.listed("a") == "a"
    assert numbers.listed("abc") == "a, b and c"
    assert (numbers.count(6), numbers.count(13)) == ("six", "13")
    assert math.isclose(float(numbers.alone(-123.4)), -123)


def test_an_average_of_few_is_written_like_one_of_many() -> None:
    pair = (Comparison("kl_on", "kl_off", 0.5, "KL control"), Comparison("em_on", "em_off", 0.5, "EM control"))
    text = said(Claim("main", pair, Above(0.0), "main effect"), cells(), ["E1"])
    assert text.startswith("Clipped double Q, E1: +3.5 [1.3, 5.7] (from 0.00 to +7.00), confirmed (p = .005)")


def test_ranks() -> None:
    assert improvement(ranks(effect(EM), cells(), [*SCORES]), effect(EM)).startswith(
        "Probability of improvement 0.61 [0."
    )
    assert improvement(ranks(interaction(), cells(), [*SCORES]), interaction()).endswith(
        "], mean of three environments."
    )
    assert improvement(ranks(interaction(), cells(), ["E1"]), interaction()).startswith(
        "Difference in the probability of improvement +0.50 [0."
    )
    assert improvement(ranks(effect(EM), {}, ["E1"]), effect(EM)) == ""


def test_that_all_seeds_agree_is_not_certainty() -> None:
    """Four of four against four: no resample differs, and the bootstrap has no interval."""
    found = ranks(effect(KL), cells(), ["E1"])
    assert (found.value, found.interval) == (1, None)
    assert improvement(found, effect(KL)) == "Probability of improvement 1.00, E1."
    lengthened = ranks(effect(EM), cells(), ["E3"]).interval
    assert lengthened[1] == 1
