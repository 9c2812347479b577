"""How far something is, shown while it goes on: a line, rewritten in place on a terminal, else said anew."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol, TextIO

from taxon.diagnostics.visible import visible


class Counts(Protocol):
    """How far something is."""

    def line(self, left: float | None = None) -> str:
        """In words; left: seconds."""


class Line:
    """A line on a stream, otherwise on standard error.

    in_place: whether it is rewritten; otherwise where the stream is a terminal. worded: how a text for a person is put.
    """

    def __init__(
        self, stream: TextIO | None = None, in_place: bool | None = None, worded: Callable[[str], str] = visible
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._in_place = self._stream.isatty() if in_place is None else in_place
        self._worded = worded
        self._shown: Counts | None = None
        self._open = False  # whether the cursor stands behind it

    def show(self, counts: Counts, left: float | None) -> None:
        """Show counts and the seconds that are left; where it is not rewritten, only when counts have changed."""
        if self._in_place:
            self._write(f"\r\x1b[K{counts.line(left)}", end="")
            self._open = True
        elif counts != self._shown:
            self._write(counts.line(left))
        self._shown = counts

    def say(self, text: str) -> None:
        """A line of its own, above."""
        self.end()
        self._write(self._worded(text))

    def end(self) -> None:
        """Go to a new line."""
        if self._open:
            self._write("")
            self._open = False

    def _write(self, text: str, end: str = "\n") -> None:
        encoding = self._stream.encoding or "utf-8"
        shown = text.encode(encoding, "backslashreplace").decode(encoding)
        print(shown, end=end, file=self._stream, flush=True)
