"""What completion offers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Completion:
    """A text to write in place of [start, end), the kind of thing it is, and what is said about it.

    `hole` is a value that stands after the text until the author writes another: an editor selects it.
    """

    label: str
    kind: str  # "path", "choice", "parameter", "keyword", "file", "name" or "code"
    start: int
    end: int
    text: str
    detail: str = ""
    documentation: str = ""
    hole: str = ""
