"""What goes wrong in an environment, which is someone else's code, and the words for it."""

import signal
import sysconfig
import traceback
from pathlib import Path
from typing import NamedTuple

CALLERS = ("taxon", "gymnasium")  # whose modules call an environment
INSTALLED = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
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
    """The line that raised it, or in which Python finds no code; None where its callers raised it.

    Where a package raised it, that is the last line of the code that called the package: what its author can mend.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return Place(error.filename, error.lineno or 1)
    last = own = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        calls = str(frame.f_globals.get("__name__")).partition(".")[0] in CALLERS
        last = None if calls else Place(frame.f_code.co_filename, line)
        if last and not last.file.startswith("<") and not any(map(Path(last.file).is_relative_to, INSTALLED)):
            own = last
    return own or last


def at(place: Place | None) -> str:
    """The end of a sentence: `: FILE, line N`, or nothing."""
    return "" if place is None else f": {place}"
