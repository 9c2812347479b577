"""Printing a command's output, through the user's pager where it is longer than the terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

from taxon.cli.screen.terminal import size
from taxon.cli.screen.writing import write
from taxon.diagnostics.visible import width

_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_NOT_RUN = (126, 127)  # how a shell says that there is no such program, or that it cannot be run

# What git has its pager do: less ends where all fits on a page, shows colours, and leaves its last page on the screen.
_SETTINGS = {"LESS": "FRX", "LV": "-c"}


def show(text: str) -> None:
    """Print a command's result. Of the variables TAXON_PAGER and PAGER the first that is set names the pager."""
    pager = _pager()
    if pager is None or _fits(text) or not _paged(text, pager):
        write(text)


def _pager() -> str | None:
    """The user's pager, a command for the shell; None where there is none to use."""
    named = os.environ.get("TAXON_PAGER", os.environ.get("PAGER", "less")).strip()
    return named if named not in ("", "cat") and os.environ.get("TERM") != "dumb" else None


def _fits(text: str) -> bool:
    """Whether a text leaves a line of the terminal free; what goes to none has all the room it needs."""
    space = size(sys.stdout)
    if space is None:
        return True
    lines = (width(_STYLE.sub("", line)) for line in text.split("\n"))
    return sum(max(1, -(-columns // space.columns)) for columns in lines) < space.lines


def _paged(text: str, pager: str) -> bool:
    """Whether the pager has shown the text. A reader who leaves it early has seen enough, and Ctrl-C is its own."""
    sys.stdout.flush()
    # Before the pager begins, and not SIG_IGN, which it would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        process = subprocess.Popen(pager, shell=True, stdin=subprocess.PIPE, env={**_SETTINGS, **os.environ})
        encoding = sys.stdout.encoding or "utf-8"
        process.communicate(f"{text}\n".encode(encoding, "backslashreplace"))
    finally:
        signal.signal(signal.SIGINT, before)
    return process.returncode not in _NOT_RUN
