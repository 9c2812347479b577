"""A line on standard error that shows how far something is: rewritten in place on a terminal, else said anew."""

from __future__ import annotations

import sys
from typing import Protocol

from taxon.cli.screen.writing import write
from taxon.diagnostics.visible import visible


class Counts(Protocol):
    """How far something is."""

    def line(self, left: float | None = None) -> str:
        """In words; left: seconds."""


class Line:
    """What stands there."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.shown: Counts | None = None
        self.open = False  # whether the cursor stands behind it

    def show(self, counts: Counts, left: float | None) -> None:
        """Show counts and the seconds that are left; where there is no terminal, only when counts have changed."""
        if self.terminal:
            print(f"\r\x1b[K{counts.line(left)}", end="", file=sys.stderr, flush=True)
            self.open = True
        elif counts != self.shown:
            write(counts.line(left), error_stream=True)
        self.shown = counts

    def say(self, text: str) -> None:
        """A line of its own, above."""
        self.end()
        write(visible(text), error_stream=True)

    def end(self) -> None:
        """Go to a new line."""
        if self.open:
            print(file=sys.stderr)
            self.open = False
