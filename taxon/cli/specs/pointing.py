"""Places in files of Python, as findings point to them."""

from __future__ import annotations

import os.path

from taxon.diagnostics.source import Source, Span

_LARGEST = 2**20  # bytes


def line_of(file: str, number: int) -> Span | None:
    """A line, without what it is indented by; None where the file has none that can be shown."""
    try:
        if os.path.getsize(file) > _LARGEST:
            return None
        with open(file, encoding="utf-8", errors="replace") as opened:
            text = opened.read()
    except (OSError, ValueError):
        return None
    lines = text.split("\n")
    if not 1 <= number <= len(lines):
        return None
    name = os.path.relpath(file)
    source = Source(os.path.abspath(file) if name.startswith(os.pardir) else name, text, is_file=True)
    line, start = lines[number - 1], sum(len(each) + 1 for each in lines[: number - 1])
    return Span(source, start + len(line) - len(line.lstrip()), start + max(len(line.rstrip()), 1))
