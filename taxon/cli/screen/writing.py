"""Printing what may hold characters that the terminal lacks."""

from __future__ import annotations

import sys


def write(text: str, error_stream: bool = False) -> None:
    """Print a text that may hold what the terminal cannot show."""
    stream = sys.stderr if error_stream else sys.stdout
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)
