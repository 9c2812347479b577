"""taxon emit: print the PyTorch module of a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from taxon.cli import completing
from taxon.cli.frontend import load
from taxon.cli.highlighting import highlighted_python
from taxon.cli.paging import show
from taxon.cli.sides import fail
from taxon.cli.terminal import screen


def emit(
    spec: Annotated[
        str, typer.Argument(help="A .tx file, `file.tx:name`, or a shipped spec.", autocompletion=completing.specs)
    ],
    env: Annotated[
        str | None,
        typer.Option(
            help="Apply the `when env` blocks that match this environment.", autocompletion=completing.environments
        ),
    ] = None,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override one leaf.", autocompletion=completing.settings),
    ] = None,
    unset: Annotated[
        list[str] | None,
        typer.Option(
            "--unset", metavar="PATH", help="Return one path to its default.", autocompletion=completing.paths
        ),
    ] = None,
    standalone: Annotated[bool, typer.Option(help="A script that needs torch, numpy and gymnasium alone.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file.")] = None,
) -> None:
    """Print the module that `taxon run` executes for a spec."""
    from taxon import compiler

    text = compiler.emit(load(spec, set or [], env, unset or []).row)
    if standalone:
        text = compiler.standalone(text)
    if out is None:
        show(highlighted_python(text.rstrip("\n"), screen()))
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}", "name another file with --out")
