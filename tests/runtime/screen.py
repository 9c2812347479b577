"""A terminal in memory: a program writes to a pseudo-terminal, and an emulator says what its user would see."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]


class _Emulated(pyte.HistoryScreen):
    """An emulator that leaves a terminal's private reports, such as that of its theme, unanswered, as many do."""

    def report_device_status(self, mode: int, private: bool = False) -> None:
        if not private:
            super().report_device_status(mode)


class Screen:
    """Runs a program in a terminal of so many columns and lines; use as a context manager."""

    def __init__(self, command: Sequence[str], columns: int, lines: int, **environment: str) -> None:
        self.screen = _Emulated(columns, lines, history=1_000, ratio=0.5)
        self.stream = pyte.ByteStream(self.screen)
        self.ours, theirs = pty.openpty()
        self.resize(columns, lines)
        modes = termios.tcgetattr(theirs)
        modes[3] &= ~termios.ECHO  # what is typed is not shown by itself
        termios.tcsetattr(theirs, termios.TCSANOW, modes)
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        settings = {"TERM": "xterm-256color", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **environment}
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=inherited | settings,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def resize(self, columns: int, lines: int) -> None:
        self.screen.resize(lines, columns)
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def shown(self) -> list[str]:
        """The lines that are on the screen, without the empty ones below."""
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def wait(self, until: Callable[[list[str]], bool], seconds: float = 120.0) -> list[str]:
        """Show what the program writes until that is so, or until it ends: the lines then."""
        end = time.monotonic() + seconds
        while not until(self.shown()):
            assert time.monotonic() < end, "\n".join(self.shown())
            if not select.select([self.ours], [], [], 0.1)[0]:
                continue
            try:
                written = os.read(self.ours, 65_536)
            except OSError:  # how Linux says that nobody writes any more
                break
            if not written:
                break
            self.stream.feed(written)
        return self.shown()

    def ended(self) -> tuple[int, list[str]]:
        """The exit code, and the lines at the end."""
        lines = self.wait(lambda _: False)
        return self.process.wait(), lines

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
