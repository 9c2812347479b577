"""Options and commands under the names of other libraries: what says it here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from typer.core import TyperCommand

from taxon.cli.program.welcoming import Welcoming

# The commands by which other programs call what a command of taxon does.
COMMANDS = {
    "train": "run",
    "learn": "run",
    "fit": "run",
    "enjoy": "eval",
    "evaluate": "eval",
    "play": "eval",
    "optimize": "tune",
    "sweep": "study",
    "benchmark": "study",
    "lint": "check",
    "format": "fmt",
    "compile": "emit",
}


def suggestion(option: str, known: Collection[str]) -> str:
    """What an unknown option of a command is here, or nothing; known: the options that the command has."""
    from taxon.semantics.elsewhere import hyperparameter
    from taxon.semantics.elsewhere.meanings import LIBRARIES

    written = option.lstrip("-")
    found = hyperparameter(written)
    if found is None:
        return ""
    options = [meaning for meaning in found.meanings if meaning.option in known]
    paths = [meaning for meaning in found.meanings if meaning.paths and meaning.same and "--set" in known]
    said = [meaning.option for meaning in options]
    said += [" ".join(f"--set {path}=..." for path in meaning.paths) for meaning in paths]
    if not said:
        return found.help(written)
    users = ", ".join(LIBRARIES[library] for library in found.libraries)
    whose = f" ({found.name} in {users})" if users else ""
    return f"did you mean {' or '.join(said)}{whose}? {'; '.join(meaning.note for meaning in options)}".rstrip()


class Command(TyperCommand):
    """A command whose refusal of an option says what stands for it here, where another library has one of that name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            # The class of an unknown option stands in click or in typer, by typer's version.
            option = getattr(error, "option_name", None)
            if isinstance(option, str) and hasattr(error, "possibilities"):
                known = {name for parameter in self.params for name in parameter.opts}
                if said := suggestion(option, known):
                    vars(error).update(
                        message=f"No such option: {option}. {said[:1].upper()}{said[1:]}", possibilities=None
                    )
            raise


class Program(Welcoming):
    """The commands; where one is unknown, the one that does what it says elsewhere."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in COMMANDS and args[0] not in self.commands:
            ctx.fail(f"No such command '{args[0]}'. Did you mean '{COMMANDS[args[0]]}'?")
        return super().resolve_command(ctx, args)
