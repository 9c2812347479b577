"""Making a text from a stranger safe and measurable in a terminal."""

from __future__ import annotations

import re

TAB = "    "

# What reorders a line (the bidirectional controls), breaks it, or is not seen at all: `Trojan Source: Invisible
# Vulnerabilities` (Boucher and Anderson, 2023).
_UNSEEN = "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f"
_SURROGATES = "\ud800-\udfff"
_HIDDEN = re.compile(f"[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f{_UNSEEN}{_SURROGATES}]")


def hidden(text: str) -> int | None:
    """Where the first character stands that a terminal or an editor would obey or swallow; a tab is none."""
    match = _HIDDEN.search(text)
    return None if match is None else match.start()


def visible(text: str) -> str:
    """A text without control characters, which could drive a terminal, nor what would reorder or break its line."""
    return text if text.isascii() and text.isprintable() else "".join(map(cell, text))


def cell(character: str) -> str:
    """What to show for one character: control characters as their pictures, a tab as spaces."""
    number = ord(character)
    if character == "\t":
        return TAB
    if number < 0x20:
        return chr(0x2400 + number)
    if number == 0x7F:
        return "\u2421"
    return "\ufffd" if hidden(character) is not None else character


def width(shown: str) -> int:
    """How many columns a text takes after `visible`."""
    if shown.isascii():
        return len(shown)
    from unicodedata import category, east_asian_width  # a megabyte of tables that few texts need

    return sum(
        0 if category(character) in ("Mn", "Me", "Cf") else 1 + (east_asian_width(character) in "WF")
        for character in shown
    )
