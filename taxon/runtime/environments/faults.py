"""What goes wrong in an environment, which is someone else's code, and the words for it."""

import signal
import traceback
from typing import NamedTuple

LONGEST = 300  # characters of an environment's own words


class Place(NamedTuple):
    """A line of someone else's code."""

    file: str
    line: int  # from 1

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


class UnusableEnvironmentError(Exception):
    """An environment that cannot be made or trained on; `help` says what to do instead, `place` what is to blame."""

    def __init__(self, message: str, help: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.place = place


class EnvironmentFaultError(Exception):
    """An environment that broke its own word while it ran."""


class AtOnce(KeyboardInterrupt):
    """The user's second Ctrl-C in a run."""


def is_the_users(error: BaseException) -> bool:
    """Whether what came out of an environment is the user's Ctrl-C, and not the environment's doing.

    While signals are caught (`stopping`) or ignored (in a worker), an interrupt of another kind is the environment's.
    """
    if not isinstance(error, KeyboardInterrupt):
        return False
    return isinstance(error, AtOnce) or signal.getsignal(signal.SIGINT) is signal.default_int_handler


def described(error: BaseException) -> str:
    """The kind and the first line of an exception, but of an EnvironmentFaultError the line alone."""
    try:
        first = next(iter(str(error).splitlines()), "")[:LONGEST]
    except Exception:  # its own words may raise, too
        first = ""
    if isinstance(error, EnvironmentFaultError):
        return first
    kind = type(error).__name__
    return f"{kind}: {first}" if first else kind


def place_in(error: BaseException) -> Place | None:
    """The line that raised it, or in which Python finds no code."""
    if isinstance(error, SyntaxError) and error.filename:
        return Place(error.filename, error.lineno or 1)
    frames = traceback.extract_tb(error.__traceback__)
    return Place(frames[-1].filename, frames[-1].lineno or 1) if frames else None


def where(error: BaseException) -> str:
    """The file and the line that raised it."""
    return str(place_in(error) or "an unknown place")
