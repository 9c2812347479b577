"""What a command compares: specs, and the folders of runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import typer

from taxon.cli.frontend import load, write
from taxon.diagnostics.visible import visible
from taxon.taxonomy.row import Row

RECORD, SPEC = "run.json", "resolved.tx"  # of a run's folder
LARGEST_RECORD = 1024 * 1024  # bytes; a record with ten thousand seeds is half of it


@dataclass(frozen=True)
class Side:
    """A row, what it is called in a comparison, and the spec that it was read from."""

    label: str
    spec: str
    row: Row


def sides(specs: Sequence[str], env: str | None = None) -> list[Side]:
    """Resolve what is to be compared; where something cannot be, the command ends (1 or 2).

    A folder that holds a run stands for the spec that was run. Rows of one name are told apart by how they were asked
    for, unless they are the same.
    """
    loaded = [_side(spec, env) for spec in specs]
    clashing = {
        side.label for side in loaded for other in loaded if side.label == other.label and side.row != other.row
    }
    return [
        replace(side, label=spec) if side.label in clashing else side for spec, side in zip(specs, loaded, strict=True)
    ]


def _side(spec: str, env: str | None) -> Side:
    folder = _folder(spec)
    if folder is None:
        resolved = load(spec, env=env)
        return Side(resolved.name, spec, resolved.row)
    path = str(folder / SPEC)
    try:
        with (folder / RECORD).open("rb") as file:
            written = file.read(LARGEST_RECORD + 1)
        if len(written) > LARGEST_RECORD:
            fail(f"{folder / RECORD} is larger than {LARGEST_RECORD:,} bytes", "name a folder that `taxon run` wrote")
        recorded = json.loads(written.decode())["row"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        fail(f"{folder / RECORD} is not the record of a run", "name a folder that `taxon run` wrote")
    resolved = load(path, env=env)
    if recorded != resolved.hash:
        fail(f"{path} is not the spec that was run: its hash differs", "restore the file")
    return Side(spec.rstrip("/"), path, resolved.row)


def _folder(spec: str) -> Path | None:
    """The run's folder of that name, if it is one."""
    try:
        return Path(spec) if (Path(spec) / RECORD).is_file() else None
    except (OSError, ValueError):  # too long, or with a character that no path has
        return None


def fail(message: str, help: str) -> NoReturn:
    """End the command with two lines and exit code 2."""
    write(f"error: {visible(message)}\n help: {visible(help)}", error_stream=True)
    raise typer.Exit(2)
