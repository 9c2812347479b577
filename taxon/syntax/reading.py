"""Reading a file from disk."""

from __future__ import annotations

import os
from dataclasses import replace

from taxon.diagnostics.model import Code, Diagnostic, Label
from taxon.diagnostics.source import Source, Span
from taxon.syntax import codes
from taxon.syntax.parser import LARGEST

SUFFIX = ".tx"


def read(path: str | os.PathLike[str]) -> Source | Diagnostic:
    """The source in a file, or why there is none. Never raises; reads at most LARGEST + 1 bytes."""
    name = os.fspath(path)
    try:
        # A link that is shipped with specs must not show, line by line in its mistakes, a file that is none.
        if name.endswith(SUFFIX) and not os.path.realpath(name).endswith(SUFFIX):
            return _finding(name, codes.UNREADABLE, f"leads to a file that is no {SUFFIX} file")
        if os.path.exists(name) and not os.path.isfile(name):
            return _finding(name, codes.UNREADABLE, "is a folder" if os.path.isdir(name) else "is not a regular file")
        with open(name, "rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return _finding(name, codes.UNREADABLE, "does not exist")
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return _finding(name, codes.UNREADABLE, f"cannot be read: {reason.lower()}")
    return decoded(name, data)


def no_folder(name: str, what: str) -> Diagnostic:
    """Why a folder gives no files to read."""
    return replace(_finding(name, codes.UNREADABLE, what), help="name a file, or another folder")


def decoded(name: str, data: bytes) -> Source | Diagnostic:
    """The source in the first LARGEST + 1 bytes of something, or why there is none. Never raises."""
    if len(data) > LARGEST:
        return _finding(name, codes.TOO_LARGE, f"is larger than {LARGEST:,} bytes")
    try:
        return Source(name, data.decode("utf-8"), is_file=True)
    except UnicodeDecodeError as error:
        return _finding(name, codes.NOT_UTF8, f"is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}")


def _finding(name: str, code: Code, what: str) -> Diagnostic:
    label = Label(Span(Source(name, "", is_file=True), 0, 0), primary=True)
    return Diagnostic(code, f"`{name}` {what}", (label,))
