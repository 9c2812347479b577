"""taxon table: Table 1's columns, from rows; or which rows over them are coherent."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.own import named
from taxon.cli.arguments.parameters import Env
from taxon.cli.screen.columns import columns, side_by_side
from taxon.cli.screen.paging import show
from taxon.cli.screen.terminal import BOLD, CYAN, Screen, screen
from taxon.cli.specs.loading import load
from taxon.diagnostics.visible import width
from taxon.taxonomy import FACTORS
from taxon.taxonomy.table import cells


def table(
    specs: Annotated[
        list[str] | None,
        typer.Argument(help="Files, `file.tx:name`, or shipped specs.", autocompletion=completing.specs),
    ] = None,
    env: Env = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    space: Annotated[
        bool, typer.Option("--space", help="Count the coherent rows, and say what refuses the others (two minutes).")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="With --space: print the page docs/space.md.")] = False,
) -> None:
    """Print the rows of specs as Table 1 of Furuta et al. 2021 does, or survey all rows that it could have."""
    if space == bool(specs):
        raise typer.BadParameter("name specs, or survey the space of all rows", param_hint="SPECS... or --space")
    if markdown and (as_json or not space):
        raise typer.BadParameter("goes with --space, and without --json", param_hint="--markdown")
    if space:
        from taxon.cli.commands import space as page

        found = page.survey()
        text = (
            page.as_json(found) if as_json else page.as_markdown(found) if markdown else page.as_text(found, screen())
        )
        show(text)
        return
    where = named(env)
    rows = {resolved.name: cells(resolved.row) for resolved in (load(spec, env=where) for spec in specs or ())}
    if as_json:
        show(json.dumps({"format_version": 1, "rows": rows}, indent=2))
        return
    show("\n".join(_lines(rows, screen())))


def _lines(rows: dict[str, dict[str, str]], shown: Screen) -> list[str]:
    """A row a line, as Table 1 has them; on a terminal too narrow for that a column, as many as it has room for."""
    table = [["", *FACTORS], *([name, *row.values()] for name, row in rows.items())]
    lines = columns(table, len(table[0]), gap=" | ", otherwise=None)
    length = max(map(width, lines))
    if shown.width is not None and length > shown.width:
        return side_by_side([list(row) for row in zip(*table, strict=True)], shown, (BOLD,))
    title, *others = columns(table, len(table[0]), shown, None, " | ", styles=(CYAN,))
    return [shown.paint(title, BOLD), "-" * length, *others]
