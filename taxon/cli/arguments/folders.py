"""Folders on the command line: every spec below them, each file once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from taxon.diagnostics.model import Diagnostic
from taxon.syntax.folder import specs_below
from taxon.syntax.reading import no_folder


def expanded(names: Sequence[str], is_folder: Callable[[str], bool]) -> tuple[list[str], list[Diagnostic]]:
    """What is named on a command line, folders replaced by the .tx files below them; and which folders give none.

    A file stays where it is named first, under the name it has there.
    """
    found: list[Diagnostic] = []
    first: dict[str, str] = {}
    for name in names:
        for each in _below(name, found) if is_folder(name) else [name]:
            first.setdefault(os.path.realpath(each) if os.path.isfile(each) else each, each)
    return list(first.values()), found


def _below(folder: str, found: list[Diagnostic]) -> Iterator[str]:
    try:
        specs = specs_below(folder)
    except OSError as error:
        found.append(no_folder(error.filename, f"cannot be read: {(error.strerror or str(error)).lower()}"))
        return
    if not specs:
        found.append(no_folder(folder, "is a folder without .tx files"))
    yield from specs
