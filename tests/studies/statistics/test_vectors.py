"""The golden vectors A to G, to the digits that are printed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import special, stats
from vectors import BOTH, EM, KL, SCALE, SCALE2, SCORES, TABLE2, X, Y, cells, columns, effect, interaction, table2

from taxon.studies.statistics import summaries
from taxon.studies.statistics.bootstrap import interval, resample
from taxon.studies.statistics.contrast import contrast
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.expectation import Verdict
from taxon.studies.statistics.frozen import Cell, Treatment, wilson
from taxon.studies.statistics.holm import holm
from taxon.studies.statistics.improvement import improvement, probability
from taxon.studies.statistics.judge import judge
from taxon.studies.statistics.ladders import admissible, contributions
from taxon.studies.statistics.moments import Moments
from taxon.studies.statistics.ranks import ranks
from taxon.studies.statistics.scale import scaled
from taxon.studies.statistics.scores import auc


def printed(value: float, digits: int) -> float:
    """An approximation that agrees in all digits that are printed."""
    return pytest.approx(value, abs=0.5000001 * 10**-digits)


# ---- A: summaries and the bootstrap


def test_summaries() -> None:
    x = columns(X)
    assert float(summaries.mean(x)) == pytest.approx(0.59)
    assert float(summaries.median(x)) == pytest.approx(0.59)
    assert float(summaries.interquartile_mean(x)) == pytest.approx(0.55)
    assert float(summaries.optimality_gap(x)) == pytest.approx(0.45)
    assert summaries.profile(x, [0, 0.2, 0.5, 0.9, 1.4]).tolist() == pytest.approx([1, 0.8, 0.5, 0.1, 0])


def test_probability_of_improvement() -> None:
    assert [float(probability(x, y)) for x, y in zip(columns(X), columns(Y), strict=True)] == [0.625, 0.8]
    assert float(improvement(columns(X), columns(Y))) == pytest.approx(0.7125)


def test_minus_infinity_has_a_rank_and_no_mean() -> None:
    diverged = X.copy()
    diverged[0, 0] = -np.inf
    assert float(summaries.interquartile_mean(columns(diverged))) == pytest.approx(0.55)
    assert float(improvement(columns(diverged), columns(Y))) == pytest.approx(0.7)
    assert float(summaries.mean(columns(diverged))) == -np.inf
    assert interval(summaries.mean, [columns(diverged)]) is None


def test_what_is_resampled() -> None:
    assert np.random.default_rng(0).integers(0, 5, (2000, 5, 2))[0].tolist() == [[4, 3], [2, 1], [1, 0], [0, 0], [0, 4]]
    (drawn,) = resample([columns(X)])
    assert summaries.mean(drawn)[:3].tolist() == pytest.approx([0.47, 0.66, 0.6])


@pytest.mark.parametrize(
    ("statistic", "quantiles", "scaled"),
    [
        (summaries.mean, (0.43, 0.78), (0.411115, 0.802426)),
        (summaries.interquartile_mean, (0.4, 0.766667), (0.382295, 0.792241)),
    ],
)
def test_bootstrap(statistic, quantiles, scaled) -> None:
    (drawn,) = resample([columns(X)])
    assert tuple(np.quantile(statistic(drawn), [0.025, 0.975])) == (printed(quantiles[0], 6), printed(quantiles[1], 6))
    low, high = interval(statistic, [columns(X)])
    assert (low, high) == (printed(scaled[0], 6), printed(scaled[1], 6))


def test_all_resamples_of_three_and_student() -> None:
    """What the percentile bootstrap estimates with three seeds, beside t: a quarter of its width."""
    means = [np.mean(drawn) for drawn in itertools.product([1, 2, 6], repeat=3)]
    assert tuple(np.quantile(means, [0.025, 0.975])) == (printed(1.216667, 6), printed(5.133333, 6))
    low, high = contrast({"x": 1.0}, {"x": Moments.of([1, 2, 6])}).interval()
    assert (low, high) == (printed(-3.572411, 6), printed(9.572411, 6))


# ---- B: simple effects, differences in differences, aggregates


@pytest.mark.parametrize(
    ("name", "kl", "em", "did"),
    [
        ("E1", (7, 3.5161, 10.4839, 0.002786), (0, 1.0), (7, 2, 11.67568, 0.004558, 2.6289, 11.3711)),
        (
            "E2",
            (-1, -5.4674, 3.4674, 0.603645),
            (0, 1.0),
            (-1, 2.516611, 10.99492, 0.698708, -6.5393, 4.5393),
        ),
        ("E3", (4, 2.5873, 5.4127, 0.000448), (1, 0.133975), (3, 0.816497, 12, 0.003182, 1.2210, 4.7790)),
    ],
)
def test_effects(name, kl, em, did) -> None:
    claims = [effect(KL, name="kl"), effect(EM, name="em"), interaction()]
    helps, spares, both = (result.environments[name] for result in judge(claims, cells(), [*SCORES]))
    assert (helps.value, *helps.interval, helps.p) == (kl[0], printed(kl[1], 4), printed(kl[2], 4), printed(kl[3], 6))
    assert (spares.value, spares.p) == (em[0], printed(em[1], 6))
    estimate = both.estimate
    assert (estimate.value, estimate.se, estimate.df) == (did[0], printed(did[1], 6), printed(did[2], 5))
    assert (both.p, *both.interval) == (printed(did[3], 6), printed(did[4], 4), printed(did[5], 4))


@pytest.mark.parametrize(
    ("name", "f", "p"), [("E1", 12.25, 0.004382), ("E2", 0.157895, 0.698079), ("E3", 13.5, 0.003182)]
)
def test_a_balanced_interaction_is_that_of_the_analysis_of_variance(name, f, p) -> None:
    """t^2 = F; their p differ by the degrees of freedom, 12 in the analysis of variance, which pools the variances."""
    (result,) = judge([interaction()], cells(), [name])
    estimate = result.environments[name].estimate
    squared = (estimate.value / estimate.se) ** 2
    assert squared == printed(f, 6)
    assert stats.f.sf(squared, 1, 12) == printed(p, 6)


def test_holm_over_environments() -> None:
    (result,) = judge([interaction()], cells(), [*SCORES])
    adjusted = [finding.adjusted for finding in result.environments.values()]
    assert adjusted == [printed(0.009547, 6), printed(0.698708, 6), printed(0.009547, 6)]
    assert [finding.verdict for finding in result.environments.values()] == [
        Verdict.CONFIRMED,
        Verdict.UNDECIDED,
        Verdict.CONFIRMED,
    ]


def test_ranks_of_effects_and_interactions() -> None:
    helps, spares = (ranks(effect(comparison), cells(), [*SCORES]) for comparison in (KL, EM))
    assert [*helps.environments.values()] == [1, 0.375, 1]
    assert [*spares.environments.values()] == [0.5, 0.53125, 0.8125]
    both = ranks(interaction(), cells(), [*SCORES])
    assert both.value == printed(0.177083, 6)
    assert both.interval[0] < both.value < both.interval[1]


def test_aggregates() -> None:
    (result,) = judge([interaction()], cells(), [*SCORES], SCALE)
    these, like = result.over_these, result.like_these
    assert (these.value, these.estimate.se) == (printed(0.422222, 6), printed(0.090495, 6))
    assert (these.estimate.df, these.p) == (printed(27.0529, 4), printed(0.000074, 6))
    assert these.interval == (printed(0.236559, 6), printed(0.607885, 6))
    assert like.value / like.estimate.se == printed(1.838949, 6)
    assert (like.estimate.df, like.p) == (2, printed(0.207300, 6))
    assert like.interval == (printed(-0.565666, 6), printed(1.410110, 6))
    # the repeated-measures analysis of variance over environments
    assert (like.value / like.estimate.se) ** 2 == printed(3.381733, 6)
    assert result.verdict is Verdict.CONFIRMED
    assert like.verdict is Verdict.UNDECIDED


def test_an_unbalanced_interaction() -> None:
    ragged = {**cells(), ("kl_off", "E1"): Cell(SCORES["E1"][1][:-1])}
    (result,) = judge([interaction()], ragged, ["E1"])
    found = result.environments["E1"]
    assert (found.value, found.estimate.se) == (printed(7.333333, 6), printed(2.147350, 6))
    assert (found.estimate.df, found.p) == (printed(9.743989, 6), printed(0.006852, 6))


def test_two_one_sided_tests() -> None:
    (result,) = judge([effect(EM)], cells(), ["E2"])
    estimate = result.environments["E2"].estimate
    assert estimate.p_within(3) == printed(0.071845, 6)
    assert estimate.p_within(6) == printed(0.008952, 6)
    assert estimate.interval(0.1) == (printed(-3.488580, 6), printed(3.488580, 6))


# ---- C: frozen seeds


@pytest.mark.parametrize(
    ("how", "value", "low", "high", "p", "digits"),
    [
        (Treatment.LAST, 3.75, -3.0750, 10.5750, 0.231, 3),
        (Treatment.FLOOR, 2.75, -6.9136, 12.4136, 0.491, 3),
        (Treatment.EXCLUDE, 6, 2.0513, 9.9487, 0.0068, 4),
    ],
)
def test_frozen_seeds(how, value, low, high, p, digits) -> None:
    froze = {**cells(), ("kl_on", "E1"): Cell([12, 14, 13, 4], [False, False, False, True], random=0.0)}
    (result,) = judge([interaction()], froze, ["E1"], failure=how)
    found = result.environments["E1"]
    assert (found.value, *found.interval) == (value, printed(low, 4), printed(high, 4))
    assert found.p == printed(p, digits)
    assert result.verdict is Verdict.DEPENDS
    assert (found.frozen.k, found.frozen.n) == (1, 16)
    assert found.by_treatment == {
        Treatment.FLOOR: Verdict.UNDECIDED,
        Treatment.LAST: Verdict.UNDECIDED,
        Treatment.EXCLUDE: Verdict.CONFIRMED,
    }


def test_wilson() -> None:
    assert wilson(2, 10) == (printed(0.056682, 6), printed(0.509838, 6))
    assert wilson(0, 10) == (0, printed(0.277533, 6))
    assert wilson(10, 10) == (printed(1 - 0.277533, 6), 1)


# ---- D: Holm


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.02, 0.02, 0.02], [0.06, 0.06, 0.06]),
        ([0.6, 0.001], [0.6, 0.002]),
    ],
)
def test_holm(p, adjusted) -> None:
    assert holm(p) == pytest.approx(adjusted)


# ---- E: the paper's Table 2


def test_table_2_by_environment() -> None:
    (result,) = judge([interaction()], table2(), [*TABLE2])
    found = [(f.value, *f.interval) for f in result.environments.values()]
    assert found == [
        (printed(value, 0), printed(low, 0), printed(high, 0))
        for value, low, high in [
            (1196, 95, 2297),
            (3433, 2551, 4315),
            (-706, -1393, -19),
            (3774, 2524, 5024),
            (6164, 5087, 7241),
            (-28, -63, 7),
        ]
    ]
    adjusted = [f.adjusted for f in result.environments.values()]
    assert adjusted[0] == adjusted[2] == printed(0.103, 3)
    assert adjusted[5] == printed(0.114, 3)
    assert (adjusted[1], adjusted[3]) == (printed(2e-7, 7), printed(1e-5, 5))
    # six times the incomplete beta function, which is the p of t
    t, df = 6164 / result.environments["Humanoid-v4"].estimate.se, result.environments["Humanoid-v4"].estimate.df
    assert adjusted[4] == pytest.approx(6 * special.betainc(df / 2, 0.5, df / (df + t * t)), rel=1e-9)
    assert adjusted[4] == printed(6.5e-10, 11)


def test_table_2_in_all() -> None:
    kl, em, both = judge([effect(KL, name="kl"), effect(EM, name="em"), interaction()], table2(), [*TABLE2], SCALE2)
    for result, value, low, high in (
        (kl, 0.4259, 0.3683, 0.4835),
        (em, 0.0692, -0.0030, 0.1415),
        (both, 0.3567, 0.2653, 0.4480),
    ):
        assert (result.over_these.value, *result.over_these.interval) == (
            printed(value, 4),
            printed(low, 4),
            printed(high, 4),
        )
    assert both.like_these.interval == (printed(-0.0766, 4), printed(0.7899, 4))
    assert both.like_these.p == printed(0.088, 3)


def test_table_2_alone() -> None:
    """The effect under EM control by itself, Holm over environments: Ant and Humanoid."""
    (result,) = judge([effect(EM)], table2(), [*TABLE2])
    assert result.where(Verdict.CONFIRMED) == ["Ant-v4", "Humanoid-v4"]
    ant, humanoid = result.environments["Ant-v4"], result.environments["Humanoid-v4"]
    assert (ant.value, *ant.interval) == (595, printed(255, 0), printed(935, 0))
    assert (humanoid.value, *humanoid.interval) == (1149, printed(354, 0), printed(1944, 0))


# ---- F: ladders


def shares(means: dict[str, float], refused: tuple[str, ...] = ()) -> dict[str, tuple[float, float, float]]:
    """Value, least and largest rung of each change, from the means of the rows by the letters of their changes."""
    known = {frozenset(letters): mean for letters, mean in means.items()}
    orders = [*admissible(sorted({*"".join(means)}), {frozenset(letters) for letters in refused})]
    found = {}
    for change, rungs in contributions(orders).items():
        steps = [(rung.weight, known[rung.on] - known[rung.off]) for rung in rungs]
        found[change] = (sum(w * step for w, step in steps), min(s for _, s in steps), max(s for _, s in steps))
    return found


def test_two_changes() -> None:
    assert shares({"": 10, "a": 14, "b": 11, "ab": 21}) == {"a": (7, 4, 10), "b": (4, 1, 7)}


THREE = {"": 0, "a": 4, "b": 2, "c": 0, "ab": 9, "ac": 4, "bc": 3, "abc": 12}


def test_three_changes() -> None:
    found = {change: value for change, (value, _, _) in shares(THREE).items()}
    assert found == {"a": printed(6.1667, 4), "b": printed(4.6667, 4), "c": printed(1.1667, 4)}


def test_refused_rows_leave_the_other_orders() -> None:
    assert len([*admissible("abc", {frozenset("b"), frozenset("bc")})]) == 3
    found = {change: value for change, (value, _, _) in shares(THREE, ("b", "bc")).items()}
    assert found == pytest.approx({"a": 4, "b": 7, "c": 1})


# ---- G: scores


def test_area_under_the_curve() -> None:
    assert auc([20, 40, 60, 80, 90], [10, 30, 20, 60, 50], 90) == printed(32.222222, 6)


def test_comparisons_weigh_as_the_interaction_does() -> None:
    assert interaction().weights == {"kl_on": 1, "kl_off": -1, "em_on": -1, "em_off": 1}
    assert interaction().comparisons == BOTH


def test_scores_in_scaled_units() -> None:
    raw = [10 + 20 * x for x in columns(X)]
    found = scaled(raw, ["one", "other"], {"one": (10.0, 30.0), "other": (0.0, 1.0)})
    assert found[0].tolist() == pytest.approx(X[:, 0].tolist())
    assert found[1].tolist() == raw[1].tolist()
    with pytest.raises(StatisticsError, match="third"):
        scaled(raw[:1], ["third"], {})


def test_a_ragged_bootstrap_is_lengthened_for_its_fewest_seeds() -> None:
    """And draws for one environment after the other."""
    scores = [X[:, 0], Y[:, 1]]
    generator = np.random.default_rng(0)
    drawn = [values[generator.integers(0, len(values), (2000, len(values)))].mean(-1) for values in scores]
    low, high = np.quantile((drawn[0] + drawn[1]) / 2, [0.025, 0.975])
    middle, factor = (X[:, 0].mean() + Y[:, 1].mean()) / 2, np.sqrt(4 / 3)
    assert interval(summaries.mean, [scores]) == pytest.approx(
        (middle + factor * (low - middle), middle + factor * (high - middle))
    )


def test_two_seeds_have_no_bootstrap() -> None:
    assert interval(summaries.mean, [columns(X[:2])]) is None
    with pytest.raises(StatisticsError, match="needs scores"):
        interval(summaries.mean, [columns(X[:0])])


@pytest.mark.parametrize("n", range(3, 12))
def test_the_interquartile_mean_is_scipys(n: int) -> None:
    scores = np.random.default_rng(n).normal(size=n)
    assert float(summaries.interquartile_mean([scores])) == pytest.approx(stats.trim_mean(scores, 0.25))
