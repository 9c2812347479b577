"""A table whose cells are broken into lines where they would make it wider than a screen."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

WIDTH = 118
_GAP = "  "


def columns(rows: Sequence[Sequence[str]], narrow: int, least: int = 14) -> list[str]:
    """The lines of a table.

    Args:
        rows: their cells, as many in each.
        narrow: how many columns on the left are as wide as they need to be; the others share what is left.
        least: how wide these are where little is left.
    """
    if not rows:
        return []
    natural = [max(map(len, column)) for column in zip(*rows, strict=True)]
    wide = natural[narrow:]
    room = WIDTH - sum(natural[:narrow]) - len(_GAP) * (len(natural) - 1)
    while wide and sum(wide) > max(room, least * len(wide)):
        wide[wide.index(max(wide))] -= 1
    widths = [*natural[:narrow], *wide]
    lines: list[str] = []
    for row in rows:
        cells = [_broken(cell, width) for cell, width in zip(row, widths, strict=True)]
        for at in range(max(map(len, cells))):
            parts = (cell[at] if at < len(cell) else "" for cell in cells)
            lines.append(_GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip())
    return lines


def _broken(cell: str, width: int) -> list[str]:
    return wrap(cell, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) or [""]
