"""What the commands read of a run's folder before they compile its spec. A run may come from a stranger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from taxon.cli.specs.loading import Resolved, load
from taxon.cli.specs.reporting import Format, report
from taxon.diagnostics.model import Diagnostic
from taxon.errors import Error
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import SPEC, RunFolder
from taxon.semantics.recorded import recorded_text

if TYPE_CHECKING:
    from taxon.runtime.folder.manifest import Manifest
    from taxon.runtime.policies.exporting import Fill
    from taxon.runtime.policies.opening import Opened
    from taxon.runtime.program import Program


def spec_of(
    folder: RunFolder, env: Recipe | None, packages: Mapping[str, str], steps: int | None = None, done: int = 0
) -> Resolved:
    """The spec that a run resolved. It stands alone: what imports another file was not left by a run.

    packages: those that the record names, with their versions. steps, done: as `program_of` has them. Raises UserError
    where it cannot be read, or a package is not there; where it means nothing, the command ends (1 or 2).
    """
    path = folder.path / SPEC
    try:
        found = recorded_text(folder.path, path, packages, partial(folder.read, SPEC))
    except Error as error:
        raise UserError(error.message, error.help) from error.__cause__
    if isinstance(found, Diagnostic):
        report([found], Format.FULL, error_stream=True)
        raise typer.Exit(2)
    texts = {Path(os.path.realpath(path)): found.text}
    return load(str(path), env=env, steps=steps, done=done, texts=texts)


def program_of(
    folder: RunFolder,
    record: Manifest,
    environment: Recipe | None,
    module: Path | None = None,
    steps: int | None = None,
    done: int = 0,
) -> Program:
    """What a run trained: its spec's module emitted anew, since text found in a folder is never executed, or the edited
    module that the user names.

    environment: the run's own, as far as the user trusts the folder. steps: how many are asked for in all, where it is
    to be trained, of which `done` are made already; where no update of a spec would follow, the command ends. Raises
    UserError where the module is needed, or is another.
    """
    from taxon.compiler import emit
    from taxon.runtime.program import Program, edited_program

    if module is not None or record.edited is not None:
        return edited_program(folder, record, module)
    resolved = spec_of(folder, environment, record.extensions, steps, done)
    return Program(record.name, resolved.hash, resolved.canonical, emit(resolved.row), resolved.packages)


def opened(path: Path, kept: bool = False, module: Path | None = None) -> tuple[Opened, str]:
    """A run that can act, and its module. No environment is made, and of what is installed nothing is imported for it.

    kept: each seed's best policy, where the run kept them. module: as `program_of` has it.
    Raises UserError where the folder cannot be used.
    """
    from taxon.runtime.folder import manifest
    from taxon.runtime.policies.opening import open_run

    folder = RunFolder(path)
    program = program_of(folder, manifest.read(folder), None, module)
    return open_run(path, program.source, program.identity, "cpu", kept), program.source


def script_of(source: str) -> Fill:
    """What makes a script of a run from its emitted module."""
    from taxon.compiler.acting import acting, filled

    return lambda *values: filled(acting(source), *values)
