"""Making a text from a stranger safe and measurable in a terminal."""

from __future__ import annotations

TAB = "    "
_HIDDEN = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


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
    if 0x80 <= number < 0xA0 or 0xD800 <= number < 0xE000 or character in _HIDDEN:
        return "\ufffd"
    return character


def width(shown: str) -> int:
    """How many columns a text takes after `visible`."""
    if shown.isascii():
        return len(shown)
    from unicodedata import category, east_asian_width  # a megabyte of tables that few texts need

    return sum(
        0 if category(character) in ("Mn", "Me", "Cf") else 1 + (east_asian_width(character) in "WF")
        for character in shown
    )
