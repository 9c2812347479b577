"""Edits of one text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxon.diagnostics.fixing import apply
from taxon.diagnostics.model import Edit
from taxon.diagnostics.source import Source, Span

SOURCE = Source("x.tx", "0123456789")


def edit(start: int, end: int, replacement: str) -> Edit:
    return Edit(Span(SOURCE, start, end), replacement)


@pytest.mark.parametrize(
    ("edits", "text", "count"),
    [
        ([], "0123456789", 0),
        ([edit(8, 9, ""), edit(1, 3, "abc")], "0abc345679", 2),
        ([edit(1, 3, "a"), edit(3, 4, "b")], "0ab456789", 2),
        ([edit(1, 4, "a"), edit(3, 5, "b")], "0a456789", 1),
        ([edit(2, 2, "a"), edit(2, 2, "b")], "01a23456789", 1),
        ([edit(2, 2, "a"), edit(2, 4, "b")], "01a23456789", 1),
        ([edit(10, 10, "end")], "0123456789end", 1),
        ([edit(0, 0, "begin")], "begin0123456789", 1),
    ],
)
def test_apply(edits: list[Edit], text: str, count: int) -> None:
    assert apply(SOURCE.text, edits) == (text, count)
    assert apply(SOURCE.text, reversed(edits))[1] == count


spans = st.tuples(st.integers(0, 10), st.integers(0, 10)).map(sorted)


@given(st.lists(st.tuples(spans, st.sampled_from(["", "a", "bc"])), max_size=6))
def test_what_no_edit_touches_stays(parts: list[tuple[list[int], str]]) -> None:
    edits = [edit(start, end, replacement) for (start, end), replacement in parts]
    text, count = apply(SOURCE.text, edits)
    kept = [c for at, c in enumerate(SOURCE.text) if not any(e.span.start <= at < e.span.end for e in edits)]
    rest = iter(text)
    assert all(character in rest for character in kept)
    assert (count > 0) == bool(edits)
