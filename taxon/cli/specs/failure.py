"""How the commands that train and evaluate report a user's mistake."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from taxon.diagnostics.visible import visible
from taxon.runtime.errors import UserError, refused


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn a UserError, a file that the system refuses, or a want of memory into two lines on standard error and exit
    code 2."""
    try:
        yield
    except UserError as error:
        _tell(error.message, error.help)
    except OSError as error:
        if error.filename is None:  # of a stream, which `main` closes
            raise
        found = refused(error)
        _tell(found.message, found.help)
    except (MemoryError, RuntimeError) as error:
        # torch has a class of its own for a device alone: of the host's memory it speaks in words.
        if not isinstance(error, MemoryError) and "allocate memory" not in str(error):
            raise
        _tell(
            "this machine has too little memory for what the spec asks",
            "train fewer seeds at once, or make networks or data smaller, as with --set network.hidden=[256, 256]",
        )


def _tell(message: str, help: str) -> NoReturn:
    typer.echo(f"error: {visible(message)}\n help: {visible(help)}", err=True)
    raise typer.Exit(2) from None
