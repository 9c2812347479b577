"""What goes wrong in an environment, which is someone else's code, and the words for it."""

import signal
import traceback

LONGEST = 300  # characters of an environment's own words


class UnusableEnvironmentError(Exception):
    """An environment that cannot be made or trained on; `help` says what to do instead."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


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


def where(error: BaseException) -> str:
    """The file and the line that raised it, or in which Python finds no code."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else "an unknown place"
