"""What the commands read of a run's folder before they compile its spec. A run may come from a stranger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from taxon.cli import frontend
from taxon.diagnostics.model import Diagnostic
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import SPEC, RunFolder
from taxon.syntax import parse
from taxon.syntax.parser import LARGEST
from taxon.syntax.reading import decoded
from taxon.taxonomy.language import lacking

if TYPE_CHECKING:
    from taxon.runtime.policies.exporting import Fill
    from taxon.runtime.policies.opening import Opened


def spec_of(
    folder: RunFolder, env: Recipe | None, packages: Mapping[str, str], steps: int | None = None, done: int = 0
) -> frontend.Resolved:
    """The spec that a run resolved. It stands alone: what imports another file was not left by a run.

    packages: those that the record names, with their versions. steps, done: as `compiled` has them. Raises UserError
    where it cannot be read, or a package is not there; where it means nothing, the command ends (1 or 2).
    """
    path = folder.path / SPEC
    for why, way_out in lacking(packages):
        raise UserError(f"{folder.path} has {why}", way_out)
    try:
        found = decoded(str(path), folder.read(SPEC, LARGEST))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", "restore the file") from None
    if isinstance(found, Diagnostic):
        frontend.report([found], frontend.Format.FULL, error_stream=True)
        raise typer.Exit(2)
    if parse(found)[0].imports:
        raise UserError(f"{path} imports another file, which no run's spec does", "restore the file")
    texts = {Path(os.path.realpath(path)): found.text}
    return frontend.load(str(path), env=env, steps=steps, done=done, texts=texts)


def compiled(
    folder: RunFolder, environment: Recipe, packages: Mapping[str, str], steps: int | None = None, done: int = 0
) -> tuple[frontend.Resolved, str]:
    """A run's spec, and the module emitted anew from it: text found in a folder is never executed.

    environment: the run's own, as far as the user trusts the folder. packages: as `spec_of` has them. steps: how many
    are asked for in all, where it is to be trained, of which `done` are made already; where no update would follow, the
    command ends.
    """
    from taxon.compiler import emit

    resolved = spec_of(folder, environment, packages, steps, done)
    return resolved, emit(resolved.row)


def opened(path: Path, kept: bool = False) -> tuple[Opened, frontend.Resolved, str]:
    """A run that can act, its spec and the module emitted anew from it. No environment is made, and no module imported.

    kept: each seed's best policy, where the run kept them.
    Raises UserError where the folder cannot be used.
    """
    from taxon.compiler import emit
    from taxon.runtime.folder import manifest
    from taxon.runtime.policies.opening import open_run

    folder = RunFolder(path)
    resolved = spec_of(folder, None, manifest.read(folder).extensions)
    source = emit(resolved.row)
    return open_run(path, source, resolved.hash, "cpu", kept), resolved, source


def script_of(source: str) -> Fill:
    """What makes a script of a run from its emitted module."""
    from taxon.compiler.acting import acting, filled

    return lambda *values: filled(acting(source), *values)
