"""taxon diff: what sets two specs apart."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from typing import Annotated

import typer

from taxon.cli.frontend import Resolved, aligned, load, write
from taxon.semantics import value_text
from taxon.taxonomy.difference import Difference, compare
from taxon.taxonomy.row import Origin
from taxon.taxonomy.schema import LEVELS
from taxon.taxonomy.table import cells

WIDTH = 118  # of a line
CELL = 20  # of a value that stands in a column


def diff(
    left: Annotated[str, typer.Argument(help="A .tx file, `file.tx:name`, or a shipped spec.")],
    right: Annotated[str, typer.Argument(help="Another.")],
    env: Annotated[str | None, typer.Option(help="Apply the `when env` blocks that match this environment.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Show what agrees too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two resolved rows: the taxonomy first, then the code level, with where each value comes from.

    Exit code 0: the same; 1: different.
    """
    sides = load(left, env=env), load(right, env=env)
    found = compare(sides[0].row, sides[1].row)
    shown = [difference for difference in found if all or difference.differs]
    write(_json(shown, sides) if as_json else _text(shown, sides))
    raise typer.Exit(int(any(difference.differs for difference in found)))


def _text(shown: list[Difference], sides: tuple[Resolved, Resolved]) -> str:
    lines = [f"{sides[0].name} -> {sides[1].name}"]
    if not any(difference.differs for difference in shown):
        lines.append("same algorithm, same implementation, same code-level choices")
    for level in LEVELS:
        here = [_Entry.of(difference, sides) for difference in shown if difference.level == level]
        if here:
            lines += ["", level, *_block(here)]
    return "\n".join(lines)


@dataclass(frozen=True)
class _Entry:
    """One path as it is shown."""

    head: str
    values: tuple[str, str]
    places: tuple[str, str]

    @classmethod
    def of(cls, difference: Difference, sides: tuple[Resolved, Resolved]) -> _Entry:
        mark = " " if difference.differs else "="
        leaves = (difference.left, difference.right)
        places = ["-" if leaf is None else _place(leaf.origin) or origin(leaf.origin) for leaf in leaves]
        values = (_value(difference, 0, sides), _value(difference, 1, sides))
        return cls(f"{mark} {difference.path}", values, (places[0], places[1]))

    @property
    def short(self) -> bool:
        return max(map(len, self.values)) <= CELL


def _block(entries: list[_Entry]) -> list[str]:
    """Short values in columns; where a value is long, the path and below it one line a side, as in any diff."""
    short = [entry for entry in entries if entry.short]
    rows = aligned([[entry.head, *entry.values, " | ".join(entry.places)] for entry in short])
    columns = dict(zip((entry.head for entry in short), rows, strict=True))
    lines: list[str] = []
    for entry in entries:
        line = columns.get(entry.head)
        lines += [line] if line is not None and len(line) <= WIDTH else _stacked(entry)
    return lines


def _stacked(entry: _Entry) -> list[str]:
    sides = aligned([["    -", entry.values[0], entry.places[0]], ["    +", entry.values[1], entry.places[1]]])
    if max(map(len, sides)) > WIDTH:
        sides = [
            line
            for sign, value, place in zip("-+", entry.values, entry.places, strict=True)
            for line in textwrap.wrap(
                f"{value}  {place}",
                WIDTH,
                initial_indent=f"    {sign}  ",
                subsequent_indent=" " * 9,
                break_long_words=False,
                break_on_hyphens=False,
            )
        ]
    return [entry.head, *sides]


def _value(difference: Difference, side: int, sides: tuple[Resolved, Resolved]) -> str:
    leaf = (difference.left, difference.right)[side]
    if leaf is None:
        return "-"
    if difference.factor:
        return cells(sides[side].row)[difference.path]
    return value_text(sides[side].row, difference.path)


def origin(origin: Origin) -> str:
    """Where a value comes from, in a few words: `specs/mpo.tx:13`, `parent sac std.sac:22`, `default`."""
    words = "--set" if origin.layer == "set" else f"{origin.layer} {origin.name}".rstrip()
    return f"{words} {_place(origin)}".rstrip() if origin.layer != "spec" else _place(origin)


def _place(origin: Origin) -> str:
    """The file and line that set a value; empty where no file did."""
    if origin.span is None or origin.layer == "set":
        return ""
    line, _ = origin.span.source.position(origin.span.start)
    return f"{origin.span.source.name}:{line}"


def _json(shown: list[Difference], sides: tuple[Resolved, Resolved]) -> str:
    def side(difference: Difference, index: int) -> dict[str, str] | None:
        leaf = (difference.left, difference.right)[index]
        return None if leaf is None else {"value": _value(difference, index, sides), "origin": origin(leaf.origin)}

    return json.dumps(
        {
            "format_version": 1,
            "left": sides[0].name,
            "right": sides[1].name,
            "differences": [
                {
                    "path": difference.path,
                    "level": difference.level,
                    "differs": difference.differs,
                    "left": side(difference, 0),
                    "right": side(difference, 1),
                }
                for difference in shown
            ],
        },
        indent=2,
    )
