"""How the commands that train and evaluate report a user's mistake."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from taxon.diagnostics.visible import visible
from taxon.runtime.errors import UserError


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn a UserError into two lines on standard error and exit code 2."""
    try:
        yield
    except UserError as error:
        typer.echo(f"error: {visible(error.message)}\n help: {visible(error.help)}", err=True)
        raise typer.Exit(2) from None
