"""The picture of a run says what a point is and which seeds froze, whatever its title and the settings lying about."""

from __future__ import annotations

import math

import pytest

from taxon.figures import curves as figures
from taxon.runtime.folder import curve

PNG = b"\x89PNG"


def rising(seed: int, until: int = 40) -> list[tuple[int, float]]:
    return [(step, float(step + seed)) for step in range(0, until + 1, 10)]


@pytest.fixture(autouse=True)
def draws_curves() -> None:
    """Here they are drawn."""


@pytest.fixture
def panels(monkeypatch: pytest.MonkeyPatch) -> list[figures.Panel]:
    """The panels that are drawn."""
    found: list[figures.Panel] = []
    draw = figures.curves
    monkeypatch.setattr(figures, "curves", lambda drawn, alone: found.extend(drawn) or draw(drawn, alone))
    return found


@pytest.mark.parametrize("title", ["$x^{$", r"$\input{secret}$", "a_b on c$", "\\", "{}%s", "\u202e", "\u4e2d", ""])
def test_a_title_is_no_formula(title: str) -> None:
    assert curve.draw(title, title, {0: [(0, 0.0), (10, 1.0)]}, {}).startswith(PNG)


def test_settings_of_the_surroundings_do_not_count() -> None:
    import matplotlib

    with matplotlib.rc_context({"text.usetex": True, "text.latex.preamble": r"\undefined"}):
        assert curve.draw("sac", "episodes", {0: [(0, 0.0)]}, {}).startswith(PNG)
        assert matplotlib.rcParams["text.usetex"] is True


def test_it_says_what_a_point_is_and_what_froze(panels: list[figures.Panel]) -> None:
    points = [(0, 1.0), (10, math.nan), (20, math.inf), (30, 1e308), (40, 2.0)]
    curve.draw("mpo on Hopper-v4", "ten episodes", {0: points, 1: rising(1)}, {0: 1_234})
    curve.draw("mpo", "one", {seed: rising(seed) for seed in range(30)}, {seed: 40 + seed for seed in range(30)})
    curve.draw("mpo", "one", {3: rising(3)}, {})
    first, many, alone = panels
    assert first.note == "ten episodes; 3 not finite and left out\n† seed 0 froze at step 1,234"
    assert many.note == "one\n† 30 of 30 seeds froze, at steps 40 to 69"
    assert [panel.groups[0].label for panel in panels] == ["mean over seeds", "mean over seeds", "seed 3"]
    assert (first.groups[0].frozen, alone.note) == ({0}, "one")


@pytest.mark.parametrize("scale", [1e-300, 1e-6, 1.0, -1e12, 1e99, 0.0])
def test_numbers_of_every_size_are_drawn(scale: float) -> None:
    seeds = {seed: [(step, scale * (value + 1)) for step, value in rising(seed)] for seed in range(3)}
    assert curve.draw("mpo", "", seeds, {}).startswith(PNG)


def test_nothing_at_all_is_drawn() -> None:
    assert curve.draw("mpo", "", {}, {}).startswith(PNG)
    assert curve.draw("mpo", "", {0: [], 1: []}, {0: 0, 1: 0}).startswith(PNG)
