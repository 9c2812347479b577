"""What a run's folder says, which may come from a stranger: its spec, and the lines of its metrics."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taxon.api.findings import SpecError, findings
from taxon.api.resolving import Given
from taxon.api.spec import Spec
from taxon.diagnostics.model import Diagnostic
from taxon.errors import Error
from taxon.runtime.folder.run_folder import SPEC, RunFolder
from taxon.semantics.recorded import recorded_text

if TYPE_CHECKING:
    from taxon.runtime.folder.manifest import Manifest


def spec_of(folder: RunFolder, record: Manifest) -> Spec:
    """The spec that a run resolved, whose hash is the recorded one. It stands alone: it imports nothing.

    Raises SpecError for one that means nothing here, and Error where it cannot be read, is another one, has choices of
    a package that is not installed, or where the run trained no spec but a module that was edited.
    """
    path = folder.path / SPEC
    if record.edited is not None:
        raise Error(
            f"{folder.path} trained a module that was edited, {record.edited.file}, and no spec",
            "its policies and more steps take the file: run.policy(module=FILE), run.resume(module=FILE)",
        )
    found = recorded_text(folder.path, path, record.extensions, partial(folder.read, SPEC))
    if isinstance(found, Diagnostic):
        raise SpecError(findings([found]))
    spec = Spec(Given(str(path), {Path(os.path.realpath(path)): found.text}))
    if spec.hash != record.row:
        raise Error(f"{path} is not the spec that was run: its hash differs", "restore the file")
    return spec


def is_line(line: Mapping[str, Any], kind: str, seeds: Collection[int]) -> bool:
    """Whether a line is one that a run writes, as far as a program relies on it."""
    if type(line.get("step")) is not int:
        return False
    if kind == "speed":
        return True
    if line.get("seed") not in seeds:
        return False
    return kind != "evaluation" or (
        _is_number(line.get("return"))
        and all(
            isinstance(line.get(name), list) and all(map(_is_number, line[name])) for name in ("returns", "lengths")
        )
    )


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
