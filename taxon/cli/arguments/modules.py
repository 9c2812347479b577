"""`--module`: a module that the user has changed, in place of what is emitted of a spec.

Its text is executed, and so is read where the user says and nowhere else: no folder and no spec names one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.specs.loading import load
from taxon.runtime.errors import UserError

if TYPE_CHECKING:
    from taxon.runtime.environments.recipe import Recipe
    from taxon.runtime.program import Program

Again = Annotated[
    Path | None,
    typer.Option(
        "--module",
        metavar="FILE",
        help="The edited module that the run trained, again: nothing in a run's folder is executed by itself.",
        autocompletion=completing.modules,
    ),
]


def program(
    module: Path, spec: str | None, sets: Sequence[str], environment: Recipe, unsets: Sequence[str], steps: int
) -> Program:
    """An edited module as it is trained, with the row of the spec that it comes from where the user names that.

    Raises UserError where it cannot be read; where the spec means nothing, the command ends (1 or 2).
    """
    from taxon.runtime.edited.reading import read

    source = read(module)
    if spec is None and (sets or unsets):
        message = f"--{'set' if sets else 'unset'} changes a spec, and {module} is a module"
        raise UserError(message, f"change {module} itself, or name the spec that it was emitted from")
    resolved = None if spec is None else load(spec, sets, environment, unsets, steps)
    from taxon.cli.specs.tracking import leaves
    from taxon.compiler import emit
    from taxon.runtime.edited.edit import Edit
    from taxon.runtime.program import Program

    if resolved is None:
        return Program(name_of(module), None, None, source, edited=Edit(str(module)))
    edit = Edit(str(module), resolved.name, emit(resolved.row))
    return Program(
        name_of(module),
        resolved.hash,
        resolved.canonical,
        source,
        resolved.packages,
        edit,
        leaves(resolved.row),
        edit.difference(source),
    )


def edited_modules(words: Sequence[str]) -> dict[str, str]:
    """The texts of `NAME=FILE`s, by name. Raises UserError where one is something else."""
    from taxon.runtime.edited.reading import read

    found: dict[str, str] = {}
    for word in words:
        name, equals, file = word.partition("=")
        if not (name and equals and file):
            raise UserError(f"--module {word} names no base", "write --module NAME=agent.py, with a base of the study")
        if name in found:
            raise UserError(f"--module names a module of {name} twice", "leave one of them out")
        found[name] = read(Path(file))
    return found


def name_of(module: Path) -> str:
    """What a run of a module is called: its file's name, as a name of a spec is written."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", module.stem)
    return name if re.match(r"[A-Za-z_]", name) else f"_{name}"
