"""taxon lsp: the language server, for editors."""

from __future__ import annotations

import typer

from taxon.cli.frontend import write


def lsp() -> None:
    """Serve the Language Server Protocol on standard input and output, for an editor to start.

    Exit code 0: the editor said to stop; 1: it ended without saying so; 2: pygls is not installed.
    """
    try:
        from taxon.server.requests import server
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("pygls", "lsprotocol", "cattrs"):
            raise
        write("error: the language server needs pygls\n help: pip install 'taxon[lsp]'", error_stream=True)
        raise typer.Exit(2) from None
    raise typer.Exit(server().serve())
