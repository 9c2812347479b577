"""The files that may be named where the cursor is in the string of an `import`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from taxon.server.item import Completion
from taxon.syntax.folder import SUFFIX
from taxon.syntax.printing import string

_BEFORE = re.compile(r'\s*import\s*"(?P<folder>(?:[^"\\]*/)?)(?P<name>[^"\\/]*)')
_REST = re.compile(r'[^"\\/\r\n]*(?=["/])')


def in_import(text: str, offset: int) -> bool:
    """Whether the cursor is in the string of an `import`."""
    return _begun(text, offset) is not None


def files(path: Path, text: str, offset: int) -> list[Completion]:
    """The folders and the .tx files that the string of an import at an offset may go on with; hidden ones left out.

    They are those on the disk: an import of a file that is not saved leads nowhere.
    """
    begun = _begun(text, offset)
    if begun is None or begun["folder"].startswith("/"):
        return []
    rest = _REST.match(text, offset)
    start, end = offset - len(begun["name"]), offset if rest is None else rest.end()
    within = text.startswith("/", end)  # the slash after the name of a folder is part of what is replaced
    names = _names(path, begun["folder"])
    return [Completion(name, "file", start, end + (within and name.endswith("/")), name) for name in names]


def _begun(text: str, offset: int) -> re.Match[str] | None:
    return _BEFORE.fullmatch(text, text.rfind("\n", 0, offset) + 1, offset)


def _names(path: Path, written: str) -> Iterator[str]:
    try:
        with os.scandir(path.parent / written) as entries:
            found = sorted((not entry.is_dir(), entry.name, entry.path) for entry in entries)
    except (OSError, ValueError):  # no such folder, or a character that no path has
        return
    for is_file, name, where in found:
        if name.startswith(".") or string(name) != f'"{name}"':
            continue
        if not is_file:
            yield f"{name}/"
        elif name.endswith(SUFFIX) and Path(os.path.realpath(where)) != path:
            yield name
    if all(part == ".." for part in written.split("/")[:-1]):
        yield "../"
