"""What the command line says of packages that extend the language."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from taxon.diagnostics.visible import visible
from taxon.taxonomy.language import lacking, language

LARGEST_RECORD = 1024 * 1024  # bytes; a record with ten thousand seeds is half of it


def warn() -> None:
    """Say which installed extensions are left out, on standard error."""
    for fault in language().faults:
        print(f"warning: {visible(str(fault))}", file=sys.stderr)


def beside(spec: str) -> Iterator[str]:
    """Why a run's spec has unknown choices, where its record lies beside it and names packages that are not there."""
    from taxon.runtime.errors import UserError
    from taxon.runtime.folder.run_folder import RECORD, SPEC, RunFolder

    folder = Path(os.path.dirname(spec) or ".")
    if os.path.basename(spec) != SPEC:
        return
    try:
        packages = extensions(json.loads(RunFolder(folder).read(RECORD, LARGEST_RECORD).decode()))
    except (UserError, OSError, ValueError, RecursionError):
        return
    yield from (f"{folder} has {why}" for why, _ in lacking(packages))


def extensions(record: object) -> dict[str, str]:
    """The packages that a run's record names, with their versions. Raises ValueError where it is none."""
    packages = record.get("extensions", {}) if isinstance(record, dict) else None
    if not isinstance(packages, dict) or not all(isinstance(version, str) for version in packages.values()):
        raise ValueError("no record of a run")
    return packages
