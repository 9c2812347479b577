"""The command line. Each command imports what it needs when it is called: the front end never loads torch."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

# command -> module and function
COMMANDS = {
    "run": ("run", "run"),
    "eval": ("evaluate", "evaluate"),
    "check": ("check", "check"),
    "fmt": ("fmt", "fmt"),
    "emit": ("emit", "emit"),
    "derive": ("derive", "derive"),
    "table": ("table", "table"),
    "diff": ("diff", "diff"),
    "ladder": ("ladder", "ladder"),
    "show": ("show", "show"),
    "explain": ("explain", "explain"),
    "lsp": ("lsp", "lsp"),
    "list": ("list_", "list_"),
    "new": ("new", "new"),
    "doc": ("doc", "doc"),
}


LONG = {"run", "eval", "lsp"}


def application(commands: list[str]) -> typer.Typer:
    """The program with these commands."""
    import typer

    from taxon.cli.exits import EXITS

    app = typer.Typer(
        name="taxon",
        help="A declarative language for reinforcement-learning algorithms, and its compiler to PyTorch.",
        epilog="Exit codes: " + "; ".join(f"{code}, {meaning}" for code, meaning in EXITS.items()),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def taxon() -> None:
        pass

    for name in commands:
        module, function = COMMANDS[name]
        app.command(name)(getattr(import_module(f"taxon.cli.{module}"), function))
    return app


def main() -> None:
    """Run the command line; only the command that is asked for is imported."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character ends no run
    asked = [argument for argument in sys.argv[1:2] if argument in COMMANDS]
    if not LONG.intersection(asked):
        gc.disable()  # a command of the front end is over in a third of a second, a tenth of it collecting
    try:
        application(asked or list(COMMANDS))()
    except KeyboardInterrupt:
        # Before a run has begun there is nothing to save.
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader of a pipe has seen enough.
        sys.stderr.close()
        raise SystemExit(0) from None
    except Exception as error:
        compiler = sys.modules.get("taxon.compiler.block")  # which most commands never import
        if compiler is None or not isinstance(error, compiler.ContractError):
            raise
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
