"""Errors that speak of a command line, as a program has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from taxon.errors import Error
from taxon.runtime.errors import refused

# A command is left as it is; `--steps 200` becomes `steps=200`, and `--eval-every` `eval_every`.
_SAID = re.compile(r"(taxon [a-z]+ [^`\n]*)|--([a-z][a-z-]*)(?: (\d[\w.]*\b))?")


@contextmanager
def in_python() -> Iterator[None]:
    """Raise an error of the runtime's, or a file that the system refuses, as an error of Python's: with parameters
    where it has options."""
    try:
        yield
    except Error as error:
        if type(error).__module__.startswith("taxon.api"):
            raise
        raise Error(reworded(error.message), reworded(error.help)) from error.__cause__
    except OSError as error:
        if error.filename is None:  # of a stream of the program's own
            raise
        found = refused(error)
        raise Error(found.message, found.help) from error


def reworded(text: str) -> str:
    """A text with parameters of functions in the place of options."""
    return _SAID.sub(_parameter, text)


def _parameter(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    name = match[2].replace("-", "_")
    return f"{name}={match[3]}" if match[3] else name
