"""The study that a command line names, and the parameters by which it does."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.modules import edited_modules
from taxon.cli.arguments.running import asked_of, declared
from taxon.cli.specs.environments import space_of

if TYPE_CHECKING:
    from taxon.studies.running.opened import Opened
    from taxon.studies.running.plan import Asked

File = Annotated[
    str,
    typer.Argument(
        help="A .tx file with one study, or `file.tx:name`.", metavar="FILE[:NAME]", autocompletion=completing.studies
    ),
]
Modules = Annotated[
    list[str] | None,
    typer.Option(
        "--module",
        metavar="NAME=FILE",
        help="Train this edited module in the place of the base of that name, which it was emitted from.",
    ),
]
Out = Annotated[Path | None, typer.Option(help="The study's folder; otherwise studies/NAME.")]


def opened_study(
    file: str, modules: list[str] | None, env: list[str] | None, out: Path | None, store: Path, asked: Asked
) -> Opened:
    """The study of a file, with edited modules in the place of some bases; where it means nothing, the command ends."""
    from taxon.runtime.environments.trust import named_by
    from taxon.runtime.folder.naming import file_name
    from taxon.semantics import load_study
    from taxon.studies.running.opened import check_bases, open_study

    texts = edited_modules(modules or ())
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    recipe = named_by(file, env)
    expanded = load_study(file, lambda name: space_of(recipe(name)), edited=digests)
    study = declared(expanded.study, expanded.diagnostics, env, recipe)
    check_bases(study, texts)
    folder = out or Path("studies", file_name(study.name))
    return open_study(study, folder, store, asked, {digests[name]: text for name, text in texts.items()})


def opened_to_read(
    file: str, modules: list[str] | None, env: list[str] | None, out: Path | None, store: Path
) -> Opened:
    """The study of a file for a command that runs nothing of it: as its folder has it, where that was begun."""
    return opened_study(file, modules, env, out, store, asked_of(None, None, "auto", None))
