"""Processes as others can refer to them: whether one that left its name somewhere is still there."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

_PR_SET_PDEATHSIG = 1  # of Linux's prctl


class Process(BaseModel):
    """A process of a machine; `begun` tells it from a later one of the same number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    machine: str = Field(max_length=1_000)
    number: int = Field(ge=1, lt=2**31)
    begun: str = Field(max_length=100)

    def gone(self) -> bool | None:
        """Whether it has ended; None where it is another machine's, of which nothing can be seen here."""
        if self.machine != machine():
            return None
        begun = _begun(self.number)
        return begun is None or begun != self.begun


def process(number: int | None = None) -> Process:
    """This process, or a child of it."""
    own = os.getpid() if number is None else number
    return Process(machine=machine(), number=own, begun=_begun(own) or "")


@cache
def machine() -> str:
    """What tells apart machines that share a disk, and containers of one machine: numbers of processes are theirs."""
    parts = [socket.gethostname()]
    with suppress(OSError):  # no Linux: the name has to do
        parts += [Path("/proc/sys/kernel/random/boot_id").read_text().strip(), os.readlink("/proc/self/ns/pid")]
    return " ".join(parts)


def end_with_parent() -> Callable[[], None]:
    """What a child calls before it begins, so that SIGTERM stops it when this process ends, killed or not.

    Where the system has no such thing a child goes on, and who comes next waits for it.
    """
    parent = os.getpid()
    prctl = getattr(ctypes.CDLL(None), "prctl", None)

    def begin() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it ended before
                os.kill(os.getpid(), signal.SIGTERM)

    return begin


def _begun(number: int) -> str | None:
    """When a process of this machine began; None where there is none, or only its exit code."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        pass
    if Path("/proc/self/stat").exists():
        return None
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return ""
