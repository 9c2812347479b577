"""taxon ladder: from one spec to another, one choice at a time."""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.own import named
from taxon.cli.arguments.sides import Side, fail, sides
from taxon.cli.screen.columns import columns, folded
from taxon.cli.screen.paging import show
from taxon.cli.screen.terminal import BOLD, CYAN, Screen, screen
from taxon.cli.specs.environments import actions_of
from taxon.semantics import load_spec, row_hash
from taxon.semantics.checking import place
from taxon.semantics.ladder.ladder import climb
from taxon.semantics.ladder.rungs import Rung, rungs, written
from taxon.semantics.layers import Target
from taxon.semantics.loading import load, shipped_path
from taxon.semantics.scope import Scope
from taxon.syntax.printing import string


def ladder(
    left: Annotated[
        str,
        typer.Argument(
            metavar="A", help="A .tx file, `file.tx:name`, a shipped spec, or a run.", autocompletion=completing.sides
        ),
    ],
    right: Annotated[str, typer.Argument(metavar="B", help="Another.", autocompletion=completing.sides)],
    env: Annotated[
        str | None,
        typer.Option(
            help="Apply the `when` blocks that match this environment.", autocompletion=completing.environments
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a spec for each step into this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Walk from one row to another, one choice at a time, through rows that mean something.

    Each step is a spec that extends the one before it; the first extends A, and the last has B's row. Choices that only
    together mean something move in one step. With --env the rows, and those of the steps, are those that `run` would
    train there.
    """
    where = named(env)
    target = Target(env, actions_of(where) if where is not None else None)
    ends = sides([left, right], where)
    found = _rungs(ends[0], ends[1], target)
    if out is not None:
        _save(found, ends[0], ends[1], target, out)
    show(_json(found, ends, target) if as_json else _text(found, ends, target, screen()))


def _rungs(left: Side, right: Side, target: Target) -> list[Rung]:
    path, _, shown = place(left.spec)
    library = load(path, shown)
    scope = Scope(library)
    symbol = next(symbol for symbol in scope.own(library.root) if symbol.name == left.row.name)
    return rungs(symbol, scope, climb(left.row, right.row), right.row.name, target)


def _text(found: list[Rung], ends: list[Side], target: Target, screen: Screen) -> str:
    title = f"{ends[0].label} -> {ends[1].label}{'' if target.env is None else f' in {target.env}'}: "
    if not found:
        return title + "the rows are the same"
    together = [str(number) for number, rung in enumerate(found, 1) if len(rung.step.moved) > 1]
    named = f"step{'s' * (len(together) > 1)} {', '.join(together)}"
    groups = f"; the choices of {named} mean something only together" if together else ""
    rows = [row for number, rung in enumerate(found, 1) for row in _lines(number, rung)]
    steps = f"{len(found)} step{'s' * (len(found) != 1)}{groups}"
    names, *lines = columns([["step", "what moves", "from", "to"], *rows], 2, screen, styles=("", CYAN))
    return "\n".join([*(screen.paint(line, BOLD) for line in folded(title + steps, screen)), "", names, *lines])


def _lines(number: int, rung: Rung) -> Iterator[list[str]]:
    """What moves, and below it what comes (+), goes (-) or changes (~) with it."""
    step = rung.step
    for path in step.moved:
        first = str(number) if path == step.moved[0] else ""
        yield [first, path, written(step.before, path), written(step.after, path)]
    for path in rung.said:
        sign = "+" if path not in step.before else "-" if path not in step.after else "~"
        yield ["", f"  {sign} {path}", written(step.before, path), written(step.after, path)]


def _save(found: list[Rung], left: Side, right: Side, target: Target, folder: Path) -> None:
    """Write the rungs, each in a file of its own, and read the last one back."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            fail(f"{folder} is not empty", "name another folder with --out")
        source = _import(left, folder)
        for rung in found:
            text = f"taxon 1\nimport {source}\n\n{rung.text}"
            (folder / f"{rung.name}.tx").write_text(text, encoding="utf-8")
            source = string(f"{rung.name}.tx")
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror}", "name another folder with --out")
    if not found:
        return
    last = load_spec(folder / f"{found[-1].name}.tx", env=target.env, actions=target.actions)
    if last.row != right.row:
        fail(f"{folder} does not lead to {right.label}", f"rename what {left.label} declares or imports")


def _import(left: Side, folder: Path) -> str:
    """How a file in the folder imports what the ladder starts from."""
    path = os.path.realpath(place(left.spec)[0])
    if path == os.path.realpath(shipped_path(Path(path).stem)):
        return f"std.{Path(path).stem}"
    return string(os.path.relpath(path, os.path.realpath(folder)))


def _json(found: list[Rung], ends: list[Side], target: Target) -> str:
    def change(rung: Rung, path: str) -> dict[str, str | None]:
        before, after = (written(row, path) if path in row else None for row in (rung.step.before, rung.step.after))
        return {"path": path, "from": before, "to": after}

    return json.dumps(
        {
            "format_version": 1,
            "left": ends[0].label,
            "right": ends[1].label,
            "env": target.env,
            "steps": [
                {
                    "name": rung.name,
                    "extends": rung.parent,
                    "moves": [change(rung, path) for path in rung.step.moved],
                    "follows": [change(rung, path) for path in rung.step.follows],
                    "row": row_hash(rung.step.after),
                    "text": rung.text,
                }
                for rung in found
            ],
        },
        indent=2,
    )
