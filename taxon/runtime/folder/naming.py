"""Names of files and folders that are made of names in a spec, which may be of any length."""

from __future__ import annotations

import hashlib

_MOST = 120  # bytes: file systems take 255, and more is put around a name


def file_name(name: str) -> str:
    """A name as a part of one of a file; of a long one the start, and a digest that tells it from others."""
    content = name.encode()
    if len(content) <= _MOST:
        return name
    digest = hashlib.sha256(content).hexdigest()[:12]
    return f"{content[: _MOST - len(digest) - 1].decode(errors='ignore')}-{digest}"
