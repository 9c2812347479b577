"""What is made of taxon's own files and takes longer to make than to read: parser tables.

An entry is a file in the user's cache folder, and is read only where it was made from the same text by the same
versions and came through whole. Without a folder that is the user's own to write, everything is made anew.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from functools import cache
from pathlib import Path

_PLACE = f"{Path(__file__).resolve().parent} {sys.implementation.cache_tag}"


def load(name: str, made_from: str) -> bytes | None:
    """The entry of that name, or None unless it was made from exactly that."""
    folder = _folder()
    if folder is None:
        return None
    try:
        digest, data = (folder / name).read_bytes().split(b"\n", 1)
    except (OSError, ValueError):  # ValueError: no line ends
        return None
    return data if digest == _digest(made_from, data) else None


def save(name: str, made_from: str, data: bytes) -> None:
    """Keep an entry, in the place of an older one of that name; nothing happens where that is not possible.

    Processes that save at the same time do not disturb each other: a file appears whole.
    """
    folder = _folder()
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, written = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_digest(made_from, data) + b"\n" + data)
            os.replace(written, folder / name)
        except BaseException:
            os.unlink(written)
            raise
    except OSError:
        return


def _digest(made_from: str, data: bytes) -> bytes:
    text = made_from.encode()
    return hashlib.sha256(b"%d\n%s%s" % (len(text), text, data)).hexdigest().encode()


@cache
def _folder() -> Path | None:
    """This installation's folder, made or not; None where another user could write in it: entries are code."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/.cache")
    if not os.path.isabs(base):
        return None
    top = Path(base) / "taxon"
    try:
        top.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = top.stat()
    except OSError:
        return None
    if sys.platform != "win32" and (found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        return None
    return top / hashlib.sha256(_PLACE.encode()).hexdigest()[:16]
