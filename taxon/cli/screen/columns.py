"""Tables whose cells are broken into lines, between words, where they would make them wider than they may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from taxon.cli.screen.terminal import Screen
from taxon.diagnostics.visible import width

WIDTH = 118  # of a table where no terminal says how wide it is
GAP = "  "
_LEAST = 14  # of a column whose cells are broken
_ROOMY = 32  # of one that stands beside others
_PLAIN = Screen()


def columns(
    rows: Sequence[Sequence[str]],
    narrow: int,
    screen: Screen = _PLAIN,
    otherwise: int | None = WIDTH,
    gap: str = GAP,
    styles: Sequence[str] = (),
) -> list[str]:
    """The lines of a table. On a terminal too narrow for it, what is broken stands below what is not.

    Args:
        rows: their cells, as many in each.
        narrow: how many columns on the left are as wide as they need to be; the others share what is left.
        screen: where the table is shown.
        otherwise: how wide a line may be where the screen has no width; None for as wide as it gets.
        gap: what stands between two columns.
        styles: how the columns are painted, the first ones first.
    """
    if not rows:
        return []
    natural = _widths(rows)
    limit = screen.width if screen.width is not None else otherwise
    wide = natural[narrow:]
    if limit is not None:
        room = limit - sum(natural[:narrow]) - width(gap) * (len(natural) - 1)
        least = sum(min(_LEAST, each) for each in wide)
        if screen.width is not None and room < least:
            return list(_folded(rows, narrow, screen, styles))
        while sum(wide) > max(room, _LEAST * len(wide)):
            wide[wide.index(max(wide))] -= 1
    widths = [*natural[:narrow], *wide]
    return [line for row in rows for line in _row(row, widths, screen, gap, styles)]


def side_by_side(rows: Sequence[Sequence[str]], screen: Screen, styles: Sequence[str] = ()) -> list[str]:
    """A table of which a terminal shows as many columns as it has room for, and below them the next ones.

    rows: the titles of the columns first. The first column is shown with all others.
    """
    if screen.width is None:
        return columns(rows, 1, screen, styles=styles)
    first, *others = (min(each, _ROOMY) for each in _widths(rows))
    groups: list[list[int]] = [[]]
    taken = first
    for at, each in enumerate(others, 1):
        if groups[-1] and taken + len(GAP) + each > screen.width:
            groups.append([])
            taken = first
        groups[-1].append(at)
        taken += len(GAP) + each
    blocks = ([[row[0], *(row[at] for at in group)] for row in rows] for group in groups)
    return "\n\n".join("\n".join(columns(block, 1, screen, styles=styles)) for block in blocks).split("\n")


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(width, column)) for column in zip(*rows, strict=True)]


def _row(row: Sequence[str], widths: Sequence[int], screen: Screen, gap: str, styles: Sequence[str]) -> Iterator[str]:
    cells = [wrapped(cell, space, rest=GAP) or [""] for cell, space in zip(row, widths, strict=True)]
    for at in range(max(map(len, cells))):
        parts = [cell[at] if at < len(cell) else "" for cell in cells]
        last = max((place for place, part in enumerate(parts) if part), default=0)
        filled = [part + " " * (space - width(part)) for part, space in zip(parts[:last], widths, strict=False)]
        yield gap.join(_painted([*filled, parts[last]], screen, styles))


def _folded(rows: Sequence[Sequence[str]], narrow: int, screen: Screen, styles: Sequence[str]) -> Iterator[str]:
    for row in rows:
        yield GAP.join(filter(None, _painted(row[:narrow], screen, styles)))
        for cell, style in zip(row[narrow:], [*styles[narrow:], *("" for _ in row)], strict=False):
            yield from (screen.paint(line, style) for line in wrapped(cell, screen.at_most(WIDTH), 2 * GAP, 3 * GAP))


def _painted(cells: Sequence[str], screen: Screen, styles: Sequence[str]) -> list[str]:
    return [screen.paint(cell, styles[at] if at < len(styles) else "") for at, cell in enumerate(cells)]


def folded(text: str, screen: Screen, first: str = "", rest: str = "") -> list[str]:
    """A text as it is, or on a terminal as `wrapped` breaks it where that ends."""
    return [first + text] if screen.width is None else wrapped(text, screen.width, first, rest)


def wrapped(text: str, limit: int, first: str = "", rest: str = "") -> list[str]:
    """A text broken into lines between its words: `first` stands before the first of them, `rest` before the others."""
    return wrap(
        text, limit, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
