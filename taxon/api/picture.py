"""A picture of learning curves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from taxon.errors import Error

SUFFIXES = ("png", "svg", "pdf")


class Picture:
    """A picture, which a notebook shows. `save` writes it to a file."""

    def __init__(self, draw: Callable[[str], bytes]) -> None:
        """draw: the bytes in a format: png, svg or pdf."""
        self._draw = draw

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file, whose name ends with .png, .svg or .pdf; what is there is replaced.

        Raises Error where that is not possible.
        """
        file = Path(path)
        if file.suffix[1:] not in SUFFIXES:
            raise Error(f"{file} is no picture that can be written", "name a file that ends with .png, .svg or .pdf")
        content = self._draw(file.suffix[1:])
        try:
            file.write_bytes(content)
        except OSError as error:
            raise Error(f"{file} cannot be written: {error.strerror}", "choose another place") from None
        return file

    def _repr_png_(self) -> bytes:
        return self._draw("png")
