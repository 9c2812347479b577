"""What a command compares: specs, and the folders of runs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import typer

from taxon.cli.screen.writing import write
from taxon.cli.specs.extending import LARGEST_RECORD, extensions
from taxon.cli.specs.failure import user_errors
from taxon.cli.specs.loading import load
from taxon.cli.specs.run_folder import spec_of
from taxon.diagnostics.visible import visible
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import MODULE, RECORD, SPEC, RunFolder
from taxon.taxonomy.schema import Row


@dataclass(frozen=True)
class Side:
    """A row, what it is called in a comparison, and the spec that it was read from."""

    label: str
    spec: str
    row: Row


def sides(specs: Sequence[str], env: Recipe | None = None) -> list[Side]:
    """Resolve what is to be compared; where something cannot be, the command ends (1 or 2).

    A folder that holds a run stands for the spec that was run. Rows of one name are distinguished by how they were
    given, unless they are the same.
    """
    loaded = [_side(spec, env) for spec in specs]
    clashing = {
        side.label for side in loaded for other in loaded if side.label == other.label and side.row != other.row
    }
    return [
        replace(side, label=spec) if side.label in clashing else side for spec, side in zip(specs, loaded, strict=True)
    ]


def _side(spec: str, env: Recipe | None) -> Side:
    if not _is_run(spec):
        resolved = load(spec, env=env)
        return Side(resolved.name, spec, resolved.row)
    with user_errors():
        folder = RunFolder(Path(spec))
        path = folder.path / RECORD
        try:
            record = json.loads(folder.read(RECORD, LARGEST_RECORD).decode())
            recorded, packages = record["row"], extensions(record)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise UserError(f"{path} is not the record of a run", "name a folder that `taxon run` wrote") from None
        if record.get("edited") is not None:
            message = f"{spec} trained a module that its user had edited, which has no row to compare"
            raise UserError(message, f"compare {folder.path / MODULE} with what `taxon emit` prints of a spec")
        resolved = spec_of(folder, env, packages)
        if recorded != resolved.hash:
            message = f"{path.with_name(SPEC)} is not the spec that was run: its hash differs"
            raise UserError(message, "restore the file")
    return Side(spec.rstrip("/"), str(path.with_name(SPEC)), resolved.row)


def _is_run(spec: str) -> bool:
    """Whether something of that name is a folder with a run's record, whatever that is."""
    try:
        return os.path.isdir(spec) and os.path.lexists(Path(spec) / RECORD)
    except ValueError:  # a character that no path has
        return False


def fail(message: str, help: str) -> NoReturn:
    """End the command with two lines and exit code 2."""
    write(f"error: {visible(message)}\n help: {visible(help)}", error_stream=True)
    raise typer.Exit(2)
