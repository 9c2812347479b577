"""taxon table: Table 1's columns, from rows."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from taxon.cli.frontend import aligned, load, write
from taxon.taxonomy import FACTORS
from taxon.taxonomy.table import cells


def table(
    specs: Annotated[list[str], typer.Argument(help="Files, `file.tx:name`, or shipped specs.")],
    env: Annotated[str | None, typer.Option(help="Apply the `when env` blocks that match this environment.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the rows of specs as Table 1 of Furuta et al. 2021 does."""
    rows = {resolved.name: cells(resolved.row) for resolved in (load(spec, env=env) for spec in specs)}
    if as_json:
        write(json.dumps({"format_version": 1, "rows": rows}, indent=2))
        return
    lines = aligned([["", *FACTORS], *([name, *row.values()] for name, row in rows.items())], gap=" | ")
    write("\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]]))
