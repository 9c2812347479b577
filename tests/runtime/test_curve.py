"""The learning curve tells the truth, whatever its title says, its numbers are and whatever settings lie about."""

from __future__ import annotations

import math

import pytest
from matplotlib.figure import Figure

from taxon.runtime.folder import curve

PNG = b"\x89PNG"


def rising(seed: int, until: int = 40) -> list[tuple[int, float]]:
    return [(step, float(step + seed)) for step in range(0, until + 1, 10)]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("title", ["$x^{$", r"$\input{secret}$", "a_b on c$", "\\", "{}%s", "\u202e", "\u4e2d", ""])
def test_a_title_is_no_formula(title: str) -> None:
    assert curve.draw(title, title, {0: [(0, 0.0), (10, 1.0)]}, {}).startswith(PNG)


def test_settings_of_the_surroundings_do_not_count() -> None:
    import matplotlib

    with matplotlib.rc_context({"text.usetex": True, "text.latex.preamble": r"\undefined"}):
        assert curve.draw("sac", "episodes", {0: [(0, 0.0)]}, {}).startswith(PNG)
        assert matplotlib.rcParams["text.usetex"] is True


def test_a_mean_is_broken_where_its_seeds_change() -> None:
    seeds = {0: rising(0), 1: rising(1, until=10), 2: rising(2, until=20)}
    three, two = curve.means(seeds)
    assert (three.seeds, three.steps, three.means) == (3, [0, 10], [1.0, 11.0])
    assert three.errors == pytest.approx([1 / math.sqrt(3)] * 2)  # the deviation of 0, 1, 2 is 1
    assert (two.seeds, two.steps, two.means, two.errors) == (2, [20], [21.0], [])  # and none of one seed

    # As many seeds as before, but others, have a mean of their own.
    one, other = curve.means({0: [(0, 1.0), (10, 1.0)], 1: [(0, 3.0)], 2: [(10, 5.0)]})
    assert (one.means, other.means) == ([2.0], [3.0])


def test_a_legend_names_the_seeds_the_mean_and_the_band() -> None:
    seeds = {0: rising(0), 1: rising(1, until=10), 2: rising(2, until=20)}
    figure = curve.plot("mpo on Hopper-v4", "ten episodes", seeds, {1: 17, 2: 1_234})
    assert legend(figure) == [
        "seed 0",
        "seed 1, \N{DAGGER} frozen at step 17",
        "seed 2, \N{DAGGER} frozen at step 1,234",
        "mean of 3, then 2 seeds",
        "\N{PLUS-MINUS SIGN} its standard error (n \N{GREATER-THAN OR EQUAL TO} 3)",
    ]
    texts = {text.get_text(): text for text in figure.axes[0].texts if text.get_text() != "\N{DAGGER}"}
    assert set(texts) == {"n = 3", "n = 2"}
    daggers = [text for text in figure.axes[0].texts if text.get_text() == "\N{DAGGER}"]
    assert [(text.xy, text.get_color()) for text in daggers] == [
        ((10, 11.0), curve.COLOURS[1]),
        ((20, 22.0), curve.COLOURS[2]),
    ]
    whole = curve.plot("mpo", "ten episodes", {seed: rising(seed) for seed in range(3)}, {})
    assert legend(whole)[3:] == ["mean of 3 seeds", "\N{PLUS-MINUS SIGN} its standard error"]
    assert legend(curve.plot("mpo", "", {3: rising(0), 5: rising(1)}, {})) == ["seed 3", "seed 5", "mean of 2 seeds"]
    assert legend(curve.plot("mpo", "", {3: rising(0)}, {})) == ["seed 3"]


def test_many_seeds_are_grey_and_the_frozen_ones_named() -> None:
    seeds = {seed: rising(seed, until=20 if seed == 7 else 40) for seed in range(30)}
    figure = curve.plot("mpo", "", seeds, {7: 25})
    assert legend(figure)[:3] == ["29 seeds", "seed 7, \N{DAGGER} frozen at step 25", "mean of 30, then 29 seeds"]
    everyone = curve.plot(
        "mpo", "", {seed: rising(seed) for seed in range(30)}, {seed: 40 + seed for seed in range(30)}
    )
    assert legend(everyone)[0] == "30 seeds, \N{DAGGER} frozen at step 40 to 69"


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
    (line,) = curve.plot("mpo", "", {0: points}, {}).axes[0].lines
    assert (line.get_markevery() or []) == marked
    assert (line.get_marker() == ".") == bool(marked)


def test_what_is_not_finite_is_left_out_and_counted() -> None:
    points = [(0, 1.0), (10, math.nan), (20, math.inf), (30, 1e308), (40, 2.0)]
    figure = curve.plot("mpo", "ten episodes", {0: points, 1: rising(1)}, {0: 50})
    assert figure.axes[0].get_title() == "ten episodes; 3 not finite and left out"
    low, high = figure.axes[0].get_ylim()
    assert -10 < low < high < 50
    assert [piece.steps for piece in curve.means({0: points, 1: rising(1)})] == [[0], [40]]


@pytest.mark.parametrize("scale", [1e-300, 1e-6, 1.0, -1e12, 1e99, 0.0])
def test_numbers_of_every_size_are_drawn(scale: float) -> None:
    seeds = {seed: [(step, scale * (value + 1)) for step, value in rising(seed)] for seed in range(3)}
    assert curve.draw("mpo", "", seeds, {}).startswith(PNG)


def test_nothing_at_all_is_drawn() -> None:
    assert curve.draw("mpo", "", {}, {}).startswith(PNG)
    assert curve.draw("mpo", "", {0: [], 1: []}, {0: 0, 1: 0}).startswith(PNG)


def test_a_long_title_stays_within_the_picture() -> None:
    figure = curve.plot("W" * 100 + " on " + "W" * 300, "", {0: rising(0)}, {})
    figure.draw_without_rendering()
    assert figure.get_suptitle().count("\n") <= 2
    box = figure._suptitle.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width


def test_axes_have_readable_numbers() -> None:
    seeds = {0: [(step * 10_000, step * 250.0) for step in range(11)]}
    axes = curve.plot("mpo", "", seeds, {}).axes[0]
    assert {"30k", "90k"} <= {label.get_text() for label in axes.get_xticklabels()}
    assert {"0", "1,000", "2,000"} <= {label.get_text() for label in axes.get_yticklabels()}
    assert axes.get_xlabel() == "environment steps of a seed"
