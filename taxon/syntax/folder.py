"""Specs below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

SUFFIX = ".tx"


def specs_below(folder: str | os.PathLike[str]) -> list[str]:
    """Every .tx file below a folder, sorted by its path.

    Hidden folders are left out, and so are links to folders and links to files elsewhere: who formats or mends a folder
    means what is in it, and not what a stranger has linked to. Raises OSError where a folder cannot be read.
    """
    top = os.path.join(os.path.realpath(folder), "")
    inside = (name for name in _below(os.fspath(folder)) if os.path.realpath(name).startswith(top))
    return sorted(inside, key=lambda name: Path(name).parts)


def _below(folder: str) -> Iterator[str]:
    for here, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.normpath(os.path.join(here, name)) for name in files if name.endswith(SUFFIX))


def _raise(error: OSError) -> None:
    raise error
