"""Learning curves show what there is: the mean of the same seeds, its interval, n, and where seeds froze."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping

import pytest
from matplotlib.figure import Figure
from scipy import stats

from taxon.figures.curves import Group, Panel, curves
from taxon.figures.means import Points, means
from taxon.figures.style import COLOURS, MUTED, settings


def rising(seed: int, until: int = 40) -> list[tuple[int, float]]:
    return [(step, float(step + seed)) for step in range(0, until + 1, 10)]


def drawn(seeds: Mapping[int, Points], frozen: frozenset[int] = frozenset(), title: str = "a on b") -> Figure:
    with settings("test"):
        figure = curves([Panel(title, [Group("mean", seeds, frozen)], note="note")], alone=True)
        figure.draw_without_rendering()
        return figure


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def said(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_mean_is_broken_where_its_seeds_change() -> None:
    three, two = means({0: rising(0), 1: rising(1, until=10), 2: rising(2, until=20)})
    assert (three.seeds, three.steps, three.means) == (3, [0, 10], [1.0, 11.0])
    # the deviation of 0, 1, 2 is 1, and t(0.975, 2) is 4.30265
    assert three.halves == pytest.approx([4.302652729749464 / math.sqrt(3)] * 2, rel=1e-12)
    assert (two.seeds, two.steps, two.means, two.halves) == (2, [20], [21.0], [])  # and none of one seed

    # As many seeds as before, but others, have a mean of their own.
    one, other = means({0: [(0, 1.0), (10, 1.0)], 1: [(0, 3.0)], 2: [(10, 5.0)]})
    assert (one.means, other.means) == ([2.0], [3.0])


@pytest.mark.parametrize("count", [3, 5, 10])
def test_the_band_is_students_interval(count: int) -> None:
    values = [float(seed**2) for seed in range(count)]
    (found,) = means({seed: [(0, value)] for seed, value in enumerate(values)})
    low, high = stats.t.interval(0.95, count - 1, statistics.fmean(values), stats.sem(values))
    assert found.means[0] - found.halves[0] == pytest.approx(low, rel=1e-12)
    assert found.means[0] + found.halves[0] == pytest.approx(high, rel=1e-12)
    figure = drawn({seed: [(0, value), (10, value)] for seed, value in enumerate(values)})
    (band,) = figure.axes[0].collections
    corners = band.get_paths()[0].vertices[:, 1]
    assert (corners.min(), corners.max()) == pytest.approx((low, high), rel=1e-12)


def test_a_few_seeds_have_no_band() -> None:
    two = drawn({3: rising(0), 5: rising(1)})
    assert legend(two) == ["mean (n = 2)", "one seed"]
    assert not two.axes[0].collections
    assert legend(drawn({3: rising(0)})) == ["mean (n = 1)"]
    assert legend(drawn({k: rising(k) for k in range(3)})) == ["mean (n = 3)", "one seed", "95 % interval (t)"]


def test_seeds_are_faint_and_their_number_stands_where_it_changes() -> None:
    figure = drawn({0: rising(0), 1: rising(1, until=10), 2: rising(2, until=20)}, frozenset({1, 2}))
    assert said(figure) == ["n = 3", "n = 2", "†", "†", "note"]
    daggers = [text for text in figure.axes[0].texts if text.get_text() == "†"]
    assert [text.xy for text in daggers] == [(10, 11.0), (20, 22.0)]
    seeds, mean = figure.axes[0].lines[:3], figure.axes[0].lines[3]
    assert {line.get_color() for line in figure.axes[0].lines} == {COLOURS[0]}
    assert all(line.get_linewidth() < mean.get_linewidth() and line.get_alpha() < 0.5 for line in seeds)
    assert seeds[0].get_xdata()[0] == 0
    whole = drawn({seed: rising(seed) for seed in range(3)})
    assert said(whole) == ["note"]
    assert figure.legends[0].get_lines()[-1].get_color() == MUTED


@pytest.mark.parametrize(
    ("points", "marked"),
    [
        ([(0, 1.0)], [0]),
        ([(0, 1.0), (1, 2.0)], [0, 1]),
        ([(k, math.nan if k in (3, 5) else 1.0) for k in range(50)], [4]),
        ([(k, 1.0) for k in range(50)], []),
    ],
)
def test_a_point_that_no_line_shows_has_a_mark(points: list[tuple[int, float]], marked: list[int]) -> None:
    (line,) = drawn({0: points}).axes[0].lines
    assert (line.get_markevery() or []) == marked
    assert (line.get_marker() == ".") == bool(marked)


def test_what_is_not_finite_is_left_out() -> None:
    points = [(0, 1.0), (10, math.nan), (20, math.inf), (30, 1e308), (40, 2.0)]
    low, high = drawn({0: points, 1: rising(1)}).axes[0].get_ylim()
    assert -10 < low < high < 50
    assert [piece.steps for piece in means({0: points, 1: rising(1)})] == [[0], [40]]


def test_a_long_title_stays_within_the_picture() -> None:
    figure = drawn({0: rising(0)}, title="W" * 100 + " on " + "W" * 300)
    heading = figure.axes[0].title
    assert heading.get_text().count("\n") <= 2
    box = heading.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width


def test_axes_have_readable_numbers() -> None:
    axes = drawn({0: [(step * 10_000, step * 250.0) for step in range(11)]}).axes[0]
    assert {"20k", "100k"} <= {label.get_text() for label in axes.get_xticklabels()}
    assert {"0", "1,000", "2,000"} <= {label.get_text() for label in axes.get_yticklabels()}
    assert axes.get_xlabel() == "environment steps of a seed"
    assert axes.get_ylabel() == "undiscounted return"
