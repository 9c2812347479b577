"""taxon diff: what sets specs apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.own import named
from taxon.cli.arguments.parameters import Env
from taxon.cli.arguments.sides import Side, fail, sides
from taxon.cli.screen.columns import WIDTH, columns, folded, side_by_side, wrapped
from taxon.cli.screen.highlighting import highlighted_diff
from taxon.cli.screen.paging import show
from taxon.cli.screen.terminal import BOLD, CYAN, DIM, GREEN, RED, Screen, screen
from taxon.diagnostics.visible import width
from taxon.semantics.differing import difference_text
from taxon.semantics.origins import origin_place, origin_text
from taxon.taxonomy.difference import Difference, compare, counts, verdict
from taxon.taxonomy.schema import LEVELS

CELL = 20  # of a value that stands in a column


def diff(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="A B...",
            help="Files, `file.tx:name`, shipped specs, or folders of runs.",
            autocompletion=completing.sides,
        ),
    ],
    env: Env = None,
    all: Annotated[bool, typer.Option("--all", help="Show what agrees too.")] = False,
    code: Annotated[bool, typer.Option("--code", help="Print how the emitted modules of two specs differ.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare resolved rows: the taxonomy first, then the code level, with where each value comes from.

    Of more than two, print a column each. Exit code 0: the same; 1: different, or refused; 2: a file cannot be read.
    """
    if len(specs) < 2:
        fail("there is nothing to compare it with", "name two specs or more: taxon diff A B")
    if code and len(specs) > 2:
        fail("--code compares the modules of two specs", "name two of them")
    compared = sides(specs, named(env))
    found = compare(*(side.row for side in compared))
    modules = _modules(compared) if code else ""
    if as_json:
        show(_json(found, compared, all, modules if code else None))
    elif not code:
        show(_text(found, compared, all, screen()))
    elif modules:
        show(highlighted_diff(modules, screen()))
    raise typer.Exit(int(any(difference.differs for difference in found)))


def _modules(compared: Sequence[Side]) -> str:
    """The unified difference of what `taxon emit` prints for two specs."""
    from taxon.compiler import emit

    left, right = (emit(side.row).splitlines() for side in compared)
    return "\n".join(unified_diff(left, right, compared[0].label, compared[1].label, lineterm=""))


def _text(found: Sequence[Difference], compared: Sequence[Side], all: bool, screen: Screen) -> str:
    shown = [difference for difference in found if all or difference.differs]
    title = (" -> " if len(compared) == 2 else ", ").join(side.label for side in compared)
    lines = [screen.paint(title, BOLD), *folded(verdict(found), screen)]
    if len(compared) > 2:
        return "\n".join([*lines, *([""] if shown else []), *_table(shown, compared, screen)])
    for level in LEVELS:
        here = [_Entry.of(difference, compared) for difference in shown if difference.level == level]
        if here:
            lines += ["", screen.paint(level, BOLD), *_block(here, screen)]
    return "\n".join(lines)


def _table(shown: Sequence[Difference], compared: Sequence[Side], screen: Screen) -> list[str]:
    """A column for each side, a group of lines for each level."""
    rows = [["", *(side.label for side in compared)]] if shown else []
    for level in LEVELS:
        here = [difference for difference in shown if difference.level == level]
        rows += [[level, *("" for _ in compared)]] if here else []
        rows += [
            [
                f"{_mark(difference)} {difference.path}",
                *(_value(difference, at, compared) for at in range(len(compared))),
            ]
            for difference in here
        ]
    return side_by_side(rows, screen, (CYAN,))


def _mark(difference: Difference) -> str:
    return " " if difference.differs else "="


@dataclass(frozen=True)
class _Entry:
    """One path as it is shown."""

    head: str
    values: tuple[str, str]
    places: tuple[str, str]

    @classmethod
    def of(cls, difference: Difference, compared: Sequence[Side]) -> _Entry:
        leaves = difference.leaves
        places = ["-" if leaf is None else origin_place(leaf.origin) or origin_text(leaf.origin) for leaf in leaves]
        values = (_value(difference, 0, compared), _value(difference, 1, compared))
        return cls(f"{_mark(difference)} {difference.path}", values, (places[0], places[1]))

    @property
    def short(self) -> bool:
        return max(map(len, self.values)) <= CELL


def _block(entries: list[_Entry], screen: Screen) -> list[str]:
    """Short values in columns; where a value is long, the path and below it one line a side, as in any diff."""
    limit = screen.width or WIDTH
    short = [entry for entry in entries if entry.short]
    cells = [[entry.head, *entry.values, " | ".join(entry.places)] for entry in short]
    fits = [width(line) <= limit for line in columns(cells, 4, otherwise=None)]
    rows = columns(cells, 4, Screen(None, screen.colour), None, styles=(CYAN, "", "", DIM))
    beside = {entry.head: row for entry, row, whole in zip(short, rows, fits, strict=True) if whole}
    return [
        line
        for entry in entries
        for line in ([beside[entry.head]] if entry.head in beside else _stacked(entry, screen))
    ]


def _stacked(entry: _Entry, screen: Screen) -> list[str]:
    limit = screen.width or WIDTH
    cells = [[f"    {sign}", value, place] for sign, value, place in zip("-+", entry.values, entry.places, strict=True)]
    sides = columns(cells, 3, otherwise=None)
    if max(map(width, sides)) > limit:
        pairs = [wrapped(f"{value}  {place}", limit, f"{sign}  ", " " * 9) for sign, value, place in cells]
    else:
        pairs = [[side] for side in sides]
    painted = [screen.paint(line, style) for lines, style in zip(pairs, (RED, GREEN), strict=True) for line in lines]
    return [screen.paint(entry.head, CYAN), *painted]


def _value(difference: Difference, at: int, compared: Sequence[Side]) -> str:
    return difference_text(difference, at, [side.row for side in compared])


def _json(found: Sequence[Difference], compared: Sequence[Side], all: bool, modules: str | None) -> str:
    """Two sides are called left and right, more of them stand in lists."""
    labels = [side.label for side in compared]
    pair = len(compared) == 2

    def entry(difference: Difference) -> dict[str, object]:
        values = [
            None if leaf is None else {"value": _value(difference, at, compared), "origin": origin_text(leaf.origin)}
            for at, leaf in enumerate(difference.leaves)
        ]
        known = {"path": difference.path, "level": difference.level, "differs": difference.differs}
        return {**known, **({"left": values[0], "right": values[1]} if pair else {"values": values})}

    document = {
        "format_version": 1,
        **({"left": labels[0], "right": labels[1]} if pair else {"specs": labels}),
        "verdict": verdict(found),
        "counts": counts(found),
        "differences": [entry(difference) for difference in found if all or difference.differs],
        **({} if modules is None else {"code": modules}),
    }
    return json.dumps(document, indent=2)
