"""taxon table: Table 1's columns, from rows; or which rows over them are coherent."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from taxon.cli.frontend import aligned, load, write
from taxon.taxonomy import FACTORS
from taxon.taxonomy.table import cells


def table(
    specs: Annotated[list[str] | None, typer.Argument(help="Files, `file.tx:name`, or shipped specs.")] = None,
    env: Annotated[str | None, typer.Option(help="Apply the `when env` blocks that match this environment.")] = None,
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
        from taxon.cli import space as page

        found = page.survey()
        write((page.as_json if as_json else page.as_markdown if markdown else page.as_text)(found))
        return
    rows = {resolved.name: cells(resolved.row) for resolved in (load(spec, env=env) for spec in specs or ())}
    if as_json:
        write(json.dumps({"format_version": 1, "rows": rows}, indent=2))
        return
    lines = aligned([["", *FACTORS], *([name, *row.values()] for name, row in rows.items())], gap=" | ")
    write("\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]]))
