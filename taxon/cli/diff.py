"""taxon diff: what sets two specs apart."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from taxon.cli.frontend import Resolved, aligned, load, write
from taxon.semantics import value_text
from taxon.taxonomy.difference import LEVELS, Difference, compare
from taxon.taxonomy.row import Origin
from taxon.taxonomy.table import cells


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
    rows = [
        [
            f"{' ' if difference.differs else '='} {difference.path}",
            _value(difference, 0, sides),
            _value(difference, 1, sides),
            _origins(difference),
        ]
        for difference in shown
    ]
    for level in LEVELS:
        here = [row for row, difference in zip(_columns(rows), shown, strict=True) if difference.level == level]
        if here:
            lines += ["", level, *here]
    return "\n".join(lines)


def _columns(rows: list[list[str]]) -> list[str]:
    return aligned(rows) if rows else []


def _value(difference: Difference, side: int, sides: tuple[Resolved, Resolved]) -> str:
    leaf = (difference.left, difference.right)[side]
    if leaf is None:
        return "-"
    if difference.factor:
        return cells(sides[side].row)[difference.path]
    return value_text(sides[side].row, difference.path)


def _origins(difference: Difference) -> str:
    return " | ".join("-" if leaf is None else origin(leaf.origin) for leaf in (difference.left, difference.right))


def origin(origin: Origin) -> str:
    """Where a value comes from, in a few words: `spec specs/mpo.tx:13`, `parent sac`, `default`."""
    where = ""
    if origin.span is not None and origin.layer != "set":
        line, _ = origin.span.source.position(origin.span.start)
        where = f" {origin.span.source.name}:{line}"
    words = "--set" if origin.layer == "set" else f"{origin.layer} {origin.name}".rstrip()
    return f"{words}{where}" if origin.layer != "spec" else where.strip()


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
