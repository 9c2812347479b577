"""Files that are either whole or not there, and folders that one run holds at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taxon.runtime.errors import UserError

LOCK, UNFINISHED = ".lock", ".unfinished"


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step: a reader, or a crash at any moment, sees the old bytes or the new ones."""
    temporary = path.with_name(UNFINISHED)  # one name, so that crashes leave at most one such file behind
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold a run's folder; the system lets go of it when the process ends, however it ends.

    Raises UserError where another process holds it, or where it may not be written to.
    """
    try:
        file = (folder / LOCK).open("a")
    except OSError as error:
        help = "mend the folder's permissions, or choose another folder"
        raise UserError(f"{folder} cannot be written to: {error.strerror}", help) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            help = "wait until it ends, stop it, or choose another folder"
            raise UserError(f"another process is training in {folder}", help) from None
        yield
