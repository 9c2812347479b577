"""Texts and places in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Source:
    """A text and the name to show for it (a path, `std.sac`, or `--set`)."""

    name: str
    text: str = field(repr=False)
    is_file: bool = field(default=False, compare=False)
    """Whether the name is a path, relative to the working directory or absolute."""

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1) without its end; a carriage return that ends none belongs to it."""
        start = self._line_starts[number - 1]
        if number == len(self._line_starts):
            return self.text[start:]
        return self.text[start : self._line_starts[number] - 1].removesuffix("\r")


@dataclass(frozen=True)
class Span:
    """Characters [start, end) of a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of another in the same source."""
        return Span(self.source, self.start, other.end)
