"""The command line. Each command imports what it needs when it is called: the front end never loads torch."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING

from taxon.cli.program.shells import completing, words
from taxon.cli.screen.terminal import settle
from taxon.diagnostics.visible import visible

if TYPE_CHECKING:
    import typer

# command -> module and function
COMMANDS = {
    "run": ("run", "run"),
    "study": ("study.app", "study"),
    "tune": ("tune", "tune"),
    "plot": ("plot", "plot"),
    "eval": ("evaluate", "evaluate"),
    "export": ("export", "export"),
    "push": ("push", "push"),
    "pull": ("pull", "pull"),
    "env": ("env", "env"),
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
    "doctor": ("doctor", "doctor"),
}


LONG = {"run", "study", "tune", "eval", "export", "push", "pull", "env", "doctor", "lsp"}
PAGED = {"emit", "derive", "table", "diff", "ladder", "show", "explain", "list", "doc"}


def application(commands: Sequence[str]) -> typer.Typer:
    """The program with these commands."""
    import typer

    from taxon.cli.program.exits import as_list
    from taxon.cli.program.naming import Command, Program
    from taxon.cli.program.paged import HELP, Paged, stop_paging
    from taxon.cli.program.versions import print_version
    from taxon.cli.specs.extending import warn

    app = typer.Typer(
        name="taxon",
        cls=Program,
        help="A declarative language for reinforcement-learning algorithms, and its compiler to PyTorch.",
        epilog=as_list(),
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )

    def taxon(
        version: bool = typer.Option(
            False,
            "--version",
            help="Print the versions of taxon, Python and torch.",
            callback=print_version,
            is_eager=True,
        ),
        no_pager: bool = typer.Option(False, "--no-pager", help=HELP, callback=stop_paging),
    ) -> None:
        warn()

    app.callback()(taxon)
    for name in commands:
        module, function = COMMANDS[name]
        command = getattr(import_module(f"taxon.cli.commands.{module}"), function)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
            continue
        app.command(name, cls=Paged if name in PAGED else Command)(command)
    return app


def asked(arguments: Sequence[str]) -> Sequence[str]:
    """The commands that a command line may mean: the one that it names, or all where that takes them all.

    None where it is empty, or asks for the version: nothing of a command is shown then.
    """
    word = next((argument for argument in arguments if not argument.startswith("-")), None)
    if word in COMMANDS:
        return [word]
    alone = not arguments or "--version" in arguments
    return [] if word is None and alone else list(COMMANDS)


def main() -> None:
    """Run the command line; only the command that is run is imported."""
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character ends no run
    settle()
    if sys.argv[1:2] == ["help"]:  # as git and cargo have it
        sys.argv[1:] = [*sys.argv[2:3], "--help"]
    before = words()
    # A shell that completes offers all commands where nothing is typed yet.
    commands = asked(sys.argv[1:]) if before is None else asked(before) or list(COMMANDS)
    if not LONG.intersection(commands) or len(commands) > 1:
        gc.disable()  # a command of the front end is over in a third of a second, a tenth of it collecting
    try:
        try:
            completing(partial(application(commands), prog_name="taxon"))
        finally:
            if isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.closed:  # the language server closes it
                sys.stdout.flush()  # what cannot be written is said here, and not by the interpreter as it ends
    except KeyboardInterrupt:
        # Before a run has begun there is nothing to save.
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader of a pipe has seen enough.
        sys.stderr.close()
        raise SystemExit(0) from None
    except OSError as error:
        from taxon.runtime.errors import refused

        found = refused(error)
        print(f"error: {visible(found.message)}\n help: {visible(found.help)}", file=sys.stderr)
        with suppress(OSError):
            sys.stdout.close()  # the interpreter would write it again
        raise SystemExit(2) from None
    except Exception as error:
        if not _said(error):
            raise
        print(f"error: {visible(str(error))}", file=sys.stderr)
        raise SystemExit(2) from None


def _open_closed() -> None:
    """Streams that a shell has closed (`>&-`) lead nowhere; a file that a run opens would get their numbers else."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115
            os.set_inheritable(stream.fileno(), True)  # nor one that a worker opens
            setattr(sys, name, stream)


def _said(error: Exception) -> bool:
    """Whether an error is a sentence for the user; most commands never import the modules of these."""
    classes = (("taxon.compiler.block", "ContractError"), ("taxon.taxonomy.extension", "ExtensionError"))
    return any(
        isinstance(error, getattr(sys.modules[module], name)) for module, name in classes if module in sys.modules
    )
