"""taxon explain: what a code means, and why it is one."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from taxon.cli.codes import CODES
from taxon.cli.frontend import write
from taxon.diagnostics.suggest import did_you_mean


def explain(code: Annotated[str, typer.Argument(help="A code such as TX312.")]) -> None:
    """Explain a code."""
    found = CODES.get(code.upper())
    if found is None:
        hint = did_you_mean(code.upper(), CODES) or f"codes run from {min(CODES)} to {max(CODES)}"
        write(f"error: there is no code {code}\n help: {hint}", error_stream=True)
        raise typer.Exit(2)
    source = f"\n\nSource: {found.source}" if found.source else ""
    write(f"{found.id} ({found.severity}): {found.title}\n\n{textwrap.fill(found.why, 100)}{source}")
