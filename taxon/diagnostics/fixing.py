"""Applying edits to a text."""

from __future__ import annotations

from collections.abc import Iterable

from taxon.diagnostics.model import Edit


def apply(text: str, edits: Iterable[Edit]) -> tuple[str, int]:
    """The text after as many of the edits as do not touch each other, and how many those are.

    Of two that overlap, or that insert at one place, the first in the text is applied. The edits' spans lie in `text`.
    """
    pieces: list[str] = []
    at, last, count = 0, -1, 0
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        if edit.span.start < at or edit.span.start == last:
            continue
        pieces += [text[at : edit.span.start], edit.replacement]
        at, last = edit.span.end, edit.span.start
        count += 1
    return "".join([*pieces, text[at:]]), count
