"""taxon lsp: the language server, for editors."""

from __future__ import annotations

import shlex
import sys

import typer

from taxon.cli.screen.writing import write


def lsp() -> None:
    """Serve the Language Server Protocol on standard input and output, for an editor to start.

    Exit code 0: the editor said to stop; 1: it ended without saying so; 2: pygls is not installed.
    """
    try:
        from taxon.server.requests import server
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("pygls", "lsprotocol", "cattrs"):
            raise
        python = shlex.quote(sys.executable or "python")  # where this very program looks for packages
        way_out = f"{python} -m pip install 'taxon-rl[lsp]'"
        write(f"error: the language server needs pygls\n help: {way_out}", error_stream=True)
        raise typer.Exit(2) from None
    raise typer.Exit(server().serve())
