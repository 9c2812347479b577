"""Simulated studies: how often the engine errs, and how often it finds what is there.

Rates are those of R repetitions; a bound holds to three standard deviations of the binomial, sqrt(p (1 - p) / R). With
400 repetitions that is .033 at .05; the slow tests make 2,000, .015.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from vectors import BOTH, EM, KL, effect, interaction

from taxon.studies.statistics.comparison import Comparison
from taxon.studies.statistics.contrast import welch
from taxon.studies.statistics.expectation import Above, Verdict, Within
from taxon.studies.statistics.frozen import Cell
from taxon.studies.statistics.judge import judge
from taxon.studies.statistics.looks import Looks, unfinished
from taxon.studies.statistics.power import INTERACTION, RATIOS, SIMPLE, power, required
from taxon.studies.statistics.results import Claim
from taxon.studies.statistics.student import quantile, two_sided

REPETITIONS = [400, pytest.param(2000, marks=pytest.mark.slow)]
ROWS = ("kl_on", "kl_off", "em_on", "em_off")
CLAIMS = (effect(KL, name="kl"), effect(EM, name="em"), interaction())


def margin(rate: float, repetitions: int) -> float:
    """Three standard deviations of a rate."""
    return 3 * math.sqrt(rate * (1 - rate) / repetitions)


def spoke(result) -> bool:
    """Whether anything is said of a claim: as a whole, or on an environment."""
    decided = (Verdict.CONFIRMED, Verdict.CONTRADICTED, Verdict.MIXED)
    return result.verdict in decided or any(result.where(verdict) for verdict in decided[:2])


@pytest.mark.parametrize("repetitions", REPETITIONS)
@pytest.mark.parametrize("environments", [1, 3])
def test_null_studies_of_three_claims_confirm_at_most_5_percent(environments: int, repetitions: int) -> None:
    """Five seeds a cell, equal means, unequal variances: no claim and no environment, in 95 % of the studies."""
    generator = np.random.default_rng(1)
    names = [f"E{place}" for place in range(environments)]
    deviations = {"kl_on": 1.0, "kl_off": 2.0, "em_on": 0.5, "em_off": 1.0}
    erred = 0
    for _ in range(repetitions):
        cells = {(row, name): Cell(generator.normal(3, deviations[row], 5)) for row in ROWS for name in names}
        erred += any(spoke(result) for result in judge(CLAIMS, cells, names))
    assert erred / repetitions <= 0.05 + margin(0.05, repetitions)
    assert erred > 0


@pytest.mark.parametrize("repetitions", REPETITIONS)
def test_null_aggregates_err_at_most_5_percent(repetitions: int) -> None:
    """Three claims over three environments of scales 1, 10 and 100."""
    generator = np.random.default_rng(2)
    scale = {"E0": (0.0, 1.0), "E1": (0.0, 10.0), "E2": (0.0, 100.0)}
    erred = 0
    for _ in range(repetitions):
        cells = {(row, name): Cell(generator.normal(0, high, 5)) for row in ROWS for name, (_, high) in scale.items()}
        erred += any(result.verdict is not Verdict.UNDECIDED for result in judge(CLAIMS, cells, [*scale], scale))
    assert erred / repetitions <= 0.05 + margin(0.05, repetitions)
    assert erred > 0


@pytest.mark.parametrize("repetitions", REPETITIONS)
def test_an_effect_at_delta_is_seldom_called_absent(repetitions: int) -> None:
    generator = np.random.default_rng(3)
    claim = Claim("absent", (Comparison("on", "off"),), Within(2.0))
    erred = 0
    for _ in range(repetitions):
        cells = {("on", "E"): Cell(generator.normal(2, 1, 10)), ("off", "E"): Cell(generator.normal(0, 1, 10))}
        erred += judge([claim], cells, ["E"])[0].verdict is Verdict.ABSENT
    assert 0 < erred / repetitions <= 0.05 + margin(0.05, repetitions)


@pytest.mark.parametrize("repetitions", REPETITIONS)
@pytest.mark.parametrize(
    ("comparisons", "cells"), [((KL,), SIMPLE), (BOTH, INTERACTION)], ids=["simple", "interaction"]
)
@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_effects_are_found_at_the_printed_power(ratio: float, comparisons, cells: int, repetitions: int) -> None:
    """By the seeds of the printed table, with variances that the engine does not take to be equal."""
    generator = np.random.default_rng(4)
    n = required(ratio, cells)
    claim = Claim("claim", comparisons, Above(0.0))
    found = 0
    for _ in range(repetitions):
        given = {(row, "E"): Cell(generator.normal(ratio if row == "kl_on" else 0, 1, n)) for row in ROWS}
        found += judge([claim], given, ["E"])[0].verdict is Verdict.CONFIRMED
    expected = power(ratio, n, cells)
    assert abs(found / repetitions - expected) <= margin(expected, repetitions) + 0.01


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("weights", [(1, -1), (1, -1, -1, 1)], ids=["simple", "interaction"])
def test_power_of_welch_over_20_000_studies(ratio: float, weights: tuple[int, ...]) -> None:
    """The table assumes equal variances; Welch loses at most .01 where they are."""
    n = required(ratio, len(weights))
    drawn = np.random.default_rng(5).normal(size=(20_000, len(weights), n))
    drawn[:, 0] += ratio
    value, se, df = welch(
        np.array(weights, float), drawn.mean(-1), drawn.var(-1, ddof=1), np.full(len(weights), n, float)
    )
    found = float((two_sided(value / se, df) <= 0.05).mean())
    expected = power(ratio, n, len(weights))
    assert expected - margin(expected, 20_000) - 0.01 <= found <= expected + margin(expected, 20_000)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_intervals_cover_what_they_say(n: int) -> None:
    """Differences in differences over 20,000 studies with deviations from 0.5 to 2."""
    drawn = np.random.default_rng(6).normal(size=(20_000, 4, n)) * np.array([1.0, 2.0, 0.5, 1.0])[:, None]
    weights = np.array([1.0, -1.0, -1.0, 1.0])
    value, se, df = welch(weights, drawn.mean(-1), drawn.var(-1, ddof=1), np.full(4, n, float))
    covered = float((two_sided(value / se, df) > 0.05).mean())
    assert 0.95 - margin(0.95, 20_000) - 0.005 <= covered <= 0.97


def test_why_not_the_bootstrap() -> None:
    """Coverage of a Gaussian mean of five by 2,000 draws: t .95, percentiles .85, with lengthened deviations .88."""
    generator = np.random.default_rng(9)
    scores = generator.normal(size=(2000, 5))
    places = generator.integers(0, 5, (1000, 5))
    low, high = np.quantile(scores[:, places].mean(-1), [0.025, 0.975], axis=-1)
    mean = scores.mean(-1)
    half = quantile(0.975, 4) * scores.std(-1, ddof=1) / math.sqrt(5)

    def covers(below: np.ndarray, above: np.ndarray, factor: float = 1.0) -> float:
        return float(((mean + factor * (below - mean) <= 0) & (mean + factor * (above - mean) >= 0)).mean())

    assert covers(mean - half, mean + half) == pytest.approx(0.95, abs=margin(0.95, 2000))
    assert covers(low, high) == pytest.approx(0.85, abs=margin(0.85, 2000))
    assert covers(low, high, math.sqrt(5 / 4)) == pytest.approx(0.88, abs=margin(0.88, 2000))


def test_looking_four_times_at_a_quarter_of_alpha() -> None:
    """2,000 studies of one effect after 5, 10, 15 and 20 seeds: the error, and the seeds that are saved."""
    looks = Looks(5, 20, 5)
    drawn = np.random.default_rng(7).normal(size=(2000, 2, 20))

    def stopped(ratio: float, alpha: float) -> np.ndarray:
        """The seeds at which each study is decided; 0 where none is."""
        shifted = drawn + np.array([ratio, 0.0])[:, None]
        at = np.zeros(len(drawn), int)
        for n in looks.sizes:
            seen = shifted[..., :n]
            counts = np.full(2, n, float)
            value, se, df = welch(np.array([1.0, -1.0]), seen.mean(-1), seen.var(-1, ddof=1), counts)
            at[(at == 0) & (two_sided(value / se, df) <= alpha)] = n
        return at

    assert (stopped(0, 0.05) > 0).mean() == pytest.approx(0.124, abs=margin(0.124, 2000))
    assert (stopped(0, looks.alpha()) > 0).mean() == pytest.approx(0.036, abs=margin(0.036, 2000))
    for ratio, found, seeds in ((1, 0.75, 14.9), (1.5, 0.99, 10.8), (2, 1.0, 8.0)):
        at = stopped(ratio, looks.alpha())
        assert (at > 0).mean() == pytest.approx(found, abs=margin(found, 2000) + 0.006)
        assert np.where(at > 0, at, 20).mean() == pytest.approx(seeds, abs=0.4)


@pytest.mark.parametrize("repetitions", [150, pytest.param(2000, marks=pytest.mark.slow)])
def test_adaptive_null_studies_err_at_most_5_percent(repetitions: int) -> None:
    """The whole of it: three claims, looks at alpha / looks, cells that stop, findings that stay."""
    generator = np.random.default_rng(8)
    looks = Looks(4, 10, 3)
    erred = 0
    for _ in range(repetitions):
        scores = {row: generator.normal(size=10) for row in ROWS}
        seeds = dict.fromkeys(ROWS, 0)
        results = []
        going = {(row, "E") for row in ROWS}
        for size in looks.sizes:
            seeds.update({row: size for row, _ in going})
            cells = {(row, "E"): Cell(scores[row][: seeds[row]]) for row in ROWS}
            results = judge(CLAIMS, cells, ["E"], alpha=looks.alpha(), earlier=results)
            going = unfinished(results)
        erred += any(result.verdict is not Verdict.UNDECIDED for result in results)
    assert erred / repetitions <= 0.05 + margin(0.05, repetitions)
