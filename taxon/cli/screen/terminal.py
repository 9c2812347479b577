"""Where a command prints: how wide it is, and whether it has colours.

A pipe and a file have neither, whatever the terminal beside them: what is written there is the same everywhere.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

# Select Graphic Rendition, ECMA-48 section 8.3.117.
BOLD, DIM, RED, GREEN, BLUE, CYAN = "1", "2", "31", "32", "34", "36"

_SIZE = os.terminal_size((80, 24))  # of a terminal that does not say


def settle() -> None:
    """Have NO_COLOR and FORCE_COLOR, which the libraries read, say what CLICOLOR and CLICOLOR_FORCE say.

    The order is NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then CLICOLOR: https://bixense.com/clicolors.
    """
    if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        os.environ.setdefault("FORCE_COLOR", "1")
    if os.environ.get("CLICOLOR") == "0" and not os.environ.get("FORCE_COLOR"):
        os.environ.setdefault("NO_COLOR", "1")


def coloured(stream: TextIO) -> bool:
    """Whether what goes to a stream has colours."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def size(stream: TextIO) -> os.terminal_size | None:
    """The columns and lines of the terminal that a stream leads to; None for a pipe or a file.

    COLUMNS and LINES go before what the terminal says, as everywhere.
    """
    if not stream.isatty():
        return None
    found = [0, 0]
    with suppress(OSError, ValueError):
        found = list(os.get_terminal_size(stream.fileno()))
    for at, name in enumerate(("COLUMNS", "LINES")):
        with suppress(ValueError):
            found[at] = int(os.environ.get(name, "")) or found[at]
    return os.terminal_size(number if number > 0 else usual for number, usual in zip(found, _SIZE, strict=True))


@dataclass(frozen=True)
class Screen:
    """What a command lays its output out for.

    width: columns, None where nothing limits them. colour: whether `paint` does anything.
    """

    width: int | None = None
    colour: bool = False

    def paint(self, text: str, style: str) -> str:
        """A text in a style: one of the numbers above, several with `;` between them, or nothing."""
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour and style and text else text

    def at_most(self, columns: int) -> int:
        """The width of what is never wider than that: of prose, which is hard to read in long lines."""
        return columns if self.width is None else min(columns, self.width)


def screen(stream: TextIO | None = None) -> Screen:
    """What standard output leads to, or another stream."""
    stream = stream or sys.stdout
    space = size(stream)
    return Screen(None if space is None else space.columns, coloured(stream))
