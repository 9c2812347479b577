"""Values and texts as Python source. A spec is data: nothing of its text may become code."""

from __future__ import annotations

import re
import textwrap


def number(value: float) -> str:
    """A number as a Python literal: `1_000_000`, `0.0003`, `1e-06`."""
    if isinstance(value, int):
        return f"{value:_}" if abs(value) >= 10_000 else str(value)
    return repr(float(value))


def docstring(text: str, width: int = 110) -> str:
    """Text that is safe between triple quotes: wrapped, no quote or backslash or control character as such."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    kept = "\n\n".join(textwrap.fill(" ".join(paragraph.split()), width) for paragraph in paragraphs)
    printable = "".join(c if c == "\n" or c.isprintable() else " " for c in kept)
    return printable.replace("\\", "\\\\").replace('"', '\\"')
