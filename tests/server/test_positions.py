"""Places of an editor and offsets of a text are one another's inverse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxon.server.positions import Positions

TEXT = "a\N{ROCKET}b\r\nπ_q\rx\n"


@pytest.mark.parametrize(
    ("encoding", "character"), [("utf-8", (0, 5)), ("utf-16", (0, 3)), ("utf-32", (0, 2))], ids=lambda value: str(value)
)
def test_the_units_of_a_wide_character(encoding: str, character: tuple[int, int]) -> None:
    places = Positions(TEXT, encoding)
    assert places.place(TEXT.index("b")) == character
    assert places.offset(*character) == TEXT.index("b")


@pytest.mark.parametrize(
    ("place", "offset"),
    [
        ((0, 2), 1),  # between the two halves of a pair: before the character
        ((0, 99), TEXT.index("\r\n")),
        ((1, 0), TEXT.index("π")),
        ((2, 1), len(TEXT) - 1),
        ((3, 0), len(TEXT)),
        ((9, 9), len(TEXT)),
    ],
)
def test_where_a_place_is(place: tuple[int, int], offset: int) -> None:
    assert Positions(TEXT).offset(*place) == offset


@given(st.text(alphabet="ab\N{ROCKET}π\u2028\n\r", max_size=30), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_there_and_back(text: str, encoding: str) -> None:
    places = Positions(text, encoding)
    for offset in range(len(text) + 1):
        within = text[offset - 1 : offset + 1] == "\r\n"  # no place of an editor is inside a line's end
        assert within or places.offset(*places.place(offset)) == offset
