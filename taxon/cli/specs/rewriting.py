"""Putting a new text in the place of a file, so that the old or the new one is there at every moment."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def rewrite(path: str, text: str) -> None:
    """Replace what is in a file and keep its permissions; behind a link, the file that it leads to.

    Raises OSError where that is not possible, or the file may not be written, and leaves the file as it is.
    """
    target = Path(path).resolve(strict=True)
    if not os.access(target, os.W_OK):  # a rename needs only a folder that may be written
        raise PermissionError(0, "permission denied", path)
    before = target.stat()
    descriptor, aside = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            with suppress(OSError):  # only its owner's group, and root, may give a file away
                os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, before.st_mode & 0o7777)
            file.flush()
            os.fsync(descriptor)
        os.replace(aside, target)
    except BaseException:
        os.unlink(aside)
        raise
