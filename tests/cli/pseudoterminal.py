"""The program in a process of its own, its standard output a terminal of a given size."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import taxon

CALL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C is a signal only in the terminal that controls the process
sys.argv[0] = "taxon"
from taxon.cli.main import main
main()
"""
STYLE = re.compile(r"\x1b\[[0-9;]*m")
# What decides about colours and pagers is the test's own.
UNSET = (
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "LESS", "LV"),
    *("PAGER", "TAXON_PAGER", "GITHUB_ACTIONS", "PY_COLORS"),
)


def environment(settings: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return {**kept, "PYTHONPATH": str(Path(taxon.__file__).parents[1]), "TERM": "xterm-256color", **settings}


def on_terminal(
    *arguments: str,
    columns: int = 80,
    lines: int = 1000,
    folder: Path | None = None,
    keys: tuple[str, bytes] | None = None,
    **settings: str,
) -> tuple[int, str]:
    """Exit code and what appears, escape sequences included.

    lines: of the terminal; what is longer is paged. keys: what is typed once a text has appeared.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", CALL, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=environment(settings),
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not data:
            break
        shown += data
        if keys is not None and keys[0].encode() in shown:
            os.write(ours, keys[1])
            keys = None
    os.close(ours)
    return process.wait(60), shown.decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    return STYLE.sub("", text)
