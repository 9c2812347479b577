"""Colours as the protocol sends them: five numbers a word, and then only what has changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from lsprotocol import types

from taxon.server.colours import MODIFIERS, TYPES, Colour
from taxon.server.positions import Positions


def encoded(found: Sequence[Colour], places: Positions) -> list[int]:
    """Of each word its line and place, both from the word before, its length, its type and a bit for each modifier."""
    return [number for word in _words(found, places) for number in word]


def _words(found: Sequence[Colour], places: Positions) -> Iterator[tuple[int, int, int, int, int]]:
    line = unit = 0
    for colour in found:
        here, start = places.place(colour.start)
        _, end = places.place(colour.end)
        bits = sum(1 << MODIFIERS.index(modifier) for modifier in colour.modifiers)
        yield here - line, start - unit if here == line else start, end - start, TYPES.index(colour.type), bits
        line, unit = here, start


class Deltas:
    """The last answer for each document, from which the next one differs."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, list[int]]] = {}
        self._ids = count(1)

    def whole(self, uri: str, data: list[int]) -> types.SemanticTokens:
        """All colours of a document."""
        self._last[uri] = str(next(self._ids)), data
        return types.SemanticTokens(data, self._last[uri][0])

    def since(self, uri: str, previous: str, data: list[int]) -> types.SemanticTokens | types.SemanticTokensDelta:
        """What an earlier answer becomes the present one by; all colours where that answer is not the last."""
        known, before = self._last.get(uri, ("", []))
        now = self.whole(uri, data)
        if known != previous:
            return now
        start = next((at for at, (old, new) in enumerate(zip(before, data, strict=False)) if old != new), None)
        if start is None:
            start = min(len(before), len(data))
        most = min(len(before), len(data)) - start
        ends = zip(reversed(before), reversed(data), strict=False)
        end = next((at for at, (old, new) in enumerate(ends) if old != new), most)
        end = min(end, most)
        removed, added = len(before) - start - end, data[start : len(data) - end]
        edits = [types.SemanticTokensEdit(start, removed, added)] if removed or added else []
        return types.SemanticTokensDelta(edits, now.result_id)

    def forget(self, uri: str) -> None:
        self._last.pop(uri, None)
