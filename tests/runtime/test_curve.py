"""The learning curve is drawn whatever its title says and whatever settings lie about."""

from __future__ import annotations

from io import BytesIO

import pytest

from taxon.runtime import curve


@pytest.mark.parametrize("title", ["$x^{$", r"$\input{secret}$", "a_b on c$", "\\", "{}%s", "\u202e"])
def test_a_title_is_no_formula(title: str) -> None:
    curve.draw(picture := BytesIO(), title, "return", {0: [(0, 0.0), (10, 1.0)]}, {})
    assert picture.getvalue().startswith(b"\x89PNG")


def test_settings_of_the_surroundings_do_not_count() -> None:
    import matplotlib

    with matplotlib.rc_context({"text.usetex": True, "text.latex.preamble": r"\undefined"}):
        curve.draw(picture := BytesIO(), "sac", "return", {0: [(0, 0.0)]}, {})
        assert matplotlib.rcParams["text.usetex"] is True
    assert picture.getvalue()
