"""Places as an editor counts them: lines from 0, and in a line the code units of the encoding that was agreed upon."""

from __future__ import annotations

import re
from bisect import bisect_right

_LINE_END = re.compile(r"\r\n|\r|\n")


def units(character: str, encoding: str) -> int:
    """How many code units a character is in `utf-8`, `utf-16` or `utf-32`."""
    match encoding:
        case "utf-8":
            return len(character.encode("utf-8", "surrogatepass"))
        case "utf-16":
            return 1 + (ord(character) > 0xFFFF)
    return 1


class Positions:
    """The places of one text. UTF-16 is what an editor counts in unless it says otherwise."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text
        self.encoding = encoding
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the code unit of a character offset."""
        offset = min(offset, len(self.text))
        line = bisect_right(self._starts, offset) - 1
        return line, sum(units(character, self.encoding) for character in self.text[self._starts[line] : offset])

    def offset(self, line: int, unit: int) -> int:
        """The character offset of a place; one beyond the end of a line, or of the text, means that end."""
        if line >= len(self._starts):
            return len(self.text)
        at = self._starts[line]
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)
        while at < end and self.text[at] not in "\r\n":
            unit -= units(self.text[at], self.encoding)
            if unit < 0:
                break
            at += 1
        return at
