"""What an environment holds beside numbers and what is never written: it is compared, so that a change is noticed."""

import array
import datetime
import decimal
import enum
import fractions
import hashlib
import io
from collections.abc import Iterator
from pathlib import PurePath
from types import GeneratorType
from typing import Any

import numpy as np

DEEPEST = 8  # containers within containers

_SCALARS = (
    *(bool, int, float, complex, str, bytes, bytearray, range, slice, enum.Enum, PurePath, array.array),
    *(fractions.Fraction, decimal.Decimal, datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo),
)
_TENSORS = {"torch", "jax", "jaxlib", "tensorflow"}  # packages whose arrays are compared by their numbers


class Compared:
    """A value that is compared and never written; text: all there is to it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def digest(self) -> int:
        """The same for the same text in any process, and below 2^56."""
        return int.from_bytes(hashlib.blake2b(self._text.encode(errors="backslashreplace"), digest_size=7).digest())


class Unreadable:
    """What goes on from a place that cannot be read or set: a generator, an iterator."""

    def __init__(self, value: object) -> None:
        self._kind = type(value).__name__

    def capture(self) -> Any:
        """Raises ValueError."""
        raise ValueError(f"it is a {self._kind}, whose place cannot be kept")

    def check(self, value: Any) -> None:
        """Raises ValueError."""
        self.capture()

    def restore(self, value: Any) -> None:
        """Raises ValueError."""
        self.capture()


def text_of(value: object, depth: int = 0) -> str | None:
    """All there is to a value without parts of its own that could be written; None for any other."""
    match value:
        case _ if depth > DEEPEST:
            return None
        case np.ndarray() | np.generic():
            return None if value.dtype.hasobject else f"{value.dtype} {value.shape} {value.tobytes().hex()}"
        case _ if value is None or isinstance(value, _SCALARS):
            return f"{type(value).__name__} {value!r}"
        case io.IOBase():
            return _position(value)
        case tuple() | set() | frozenset():
            parts = [text_of(part, depth + 1) for part in value]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            return f"{type(value).__name__} {known if isinstance(value, tuple) else sorted(known)}"
        case _ if type(value).__module__.partition(".")[0] in _TENSORS and hasattr(value, "__array__"):
            return text_of(np.asarray(value.detach().cpu() if hasattr(value, "detach") else value), depth + 1)
    return None


def is_unreadable(value: object) -> bool:
    """Whether a value goes on from a place that cannot be kept: an iterator without attributes."""
    return isinstance(value, GeneratorType) or (isinstance(value, Iterator) and not hasattr(value, "__dict__"))


def _position(file: io.IOBase) -> str:
    """Where a file is read; what is only written decides nothing."""
    try:
        return f"read to {file.tell()}" if file.readable() and file.seekable() else "a file"
    except (OSError, ValueError):
        return "a file"
