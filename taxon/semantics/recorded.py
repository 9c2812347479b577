"""The text of a spec that a run left in its folder, which may come from a stranger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.source import Source
from taxon.errors import Error
from taxon.syntax import parse
from taxon.syntax.parser import LARGEST
from taxon.syntax.reading import decoded
from taxon.taxonomy.language import lacking


def recorded_text(
    folder: Path, path: Path, packages: Mapping[str, str], read: Callable[[int], bytes]
) -> Source | Diagnostic:
    """What the file at `path` says, or why it is no text. It stands alone: what imports a file was not left by a run.

    folder: the run's. packages: those that its record names, with their versions. read: at most so many bytes of the
    file, without following links.

    Raises Error where a package is not there, the file cannot be read, or it imports another.
    """
    for why, way_out in lacking(packages):
        raise Error(f"{folder} has {why}", way_out)
    try:
        found = decoded(str(path), read(LARGEST))
    except OSError as error:
        raise Error(f"{path} cannot be read: {error.strerror}", "restore the file") from None
    if not isinstance(found, Diagnostic) and parse(found)[0].imports:
        raise Error(f"{path} imports another file, which no run's spec does", "restore the file")
    return found
