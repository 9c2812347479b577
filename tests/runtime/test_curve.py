"""The learning curve is drawn whatever its title says and whatever settings lie about."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxon.runtime import curve


@pytest.mark.parametrize("title", ["$x^{$", r"$\input{secret}$", "a_b on c$", "\\", "{}%s", "\u202e"])
def test_a_title_is_no_formula(title: str, tmp_path: Path) -> None:
    curve.draw(tmp_path / curve.FILE, title, "return", {0: [(0, 0.0), (10, 1.0)]}, {})
    assert (tmp_path / curve.FILE).read_bytes().startswith(b"\x89PNG")


def test_settings_of_the_surroundings_do_not_count(tmp_path: Path) -> None:
    import matplotlib

    with matplotlib.rc_context({"text.usetex": True, "text.latex.preamble": r"\undefined"}):
        curve.draw(tmp_path / curve.FILE, "sac", "return", {0: [(0, 0.0)]}, {})
        assert matplotlib.rcParams["text.usetex"] is True
    assert (tmp_path / curve.FILE).exists()
