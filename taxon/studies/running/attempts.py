"""Who is at what: attempts, which processes on one machine or on several that share a disk make by turns.

A place has a folder of attempts, named 1, 2, ... Making the next one, which one process alone succeeds in, claims the
place. Its holder changes a file in it every so often and leaves there how it ended. Who finds that the latest attempt
has not ended takes over where its process is known to be gone, or where the file has not changed for a whole lease by
the observer's own clock: clocks of machines differ. The numbers are fences: a holder that finds a later attempt stops.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from taxon.runtime.errors import UserError
from taxon.runtime.folder.fields import first_of
from taxon.runtime.folder.run_folder import RunFolder
from taxon.studies.running.processes import Process, process

HOLDER, CHILD, BEAT, END, OUTPUT = "holder.json", "child.json", "beat", "end.json", "output.txt"
TRIES = 3  # of what ends by an error or a signal, the first included
_MOST = 2**16  # bytes of a record

How = Literal["done", "stopped", "failed"]
_Record = TypeVar("_Record", bound=BaseModel)


class Holder(BaseModel):
    """Who makes an attempt; session: failures of one count together."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    process: Process
    session: str = Field(max_length=200)


class End(BaseModel):
    """How an attempt ended: `done`, `stopped` to go on later, or `failed`, and why."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    how: How
    why: str = Field(default="", max_length=2_000)


@dataclass
class Lease:
    """An attempt that this process makes."""

    attempts: RunFolder
    number: int
    folder: RunFolder
    beats: int = 0

    def beat(self) -> bool:
        """Say that it goes on; False where another process took over, and it has to stop."""
        self.beats += 1
        self.folder.write(BEAT, str(self.beats).encode())
        return numbers(self.attempts)[-1] == self.number

    def end(self, how: How, why: str = "") -> None:
        """Say how it ended, which frees the place."""
        self.folder.write(END, End(how=how, why=why[:2_000]).model_dump_json().encode())


def note_child(attempt: RunFolder, number: int) -> None:
    """Note the process that works for an attempt, which may be another machine's than its holder."""
    attempt.write(CHILD, process(number).model_dump_json().encode())


def numbers(attempts: RunFolder) -> list[int]:
    """The attempts there are."""
    return sorted(int(name) for name in attempts.folders() if name.isascii() and name.isdigit() and len(name) < 10)


def failures(place: RunFolder, name: str, session: str | None = None) -> list[str]:
    """Why the latest attempts in a folder of a place failed, in a row, the last one last.

    session: whose attempts count, everyone's for None.
    """
    found: list[str] = []
    try:
        attempts = place.folder(name)
    except FileNotFoundError:
        return found
    for number in reversed(numbers(attempts)):
        folder = attempts.folder(str(number))
        end = _read(folder, END, End)
        if end is None or end.how != "failed" or session not in (None, _holder(folder).session):
            break
        found.append(end.why)
    return found[::-1]


@dataclass
class Observer:
    """What this process knows of other processes' attempts.

    lease: seconds without a change after which one of another machine is given up. clock: seconds that only go forward.
    """

    session: str
    lease: float
    clock: Callable[[], float] = time.monotonic
    seen: dict[str, tuple[bytes, float]] = field(default_factory=dict)  # path -> what was there, since when

    def held(self, attempts: RunFolder) -> bool:
        """Whether someone is at a place."""
        made = numbers(attempts)
        return bool(made) and not self._over(attempts.folder(str(made[-1])))

    def claim(self, attempts: RunFolder) -> Lease | None:
        """The next attempt at a place; None where someone is at it, or was faster."""
        made = numbers(attempts)
        if made and not self._over(attempts.folder(str(made[-1]))):
            return None
        number = made[-1] + 1 if made else 1
        holder = Holder(process=process(), session=self.session)
        if not attempts.create(str(number), {HOLDER: holder.model_dump_json().encode(), BEAT: b"0"}):
            return None
        return Lease(attempts, number, attempts.folder(str(number)))

    def claim_all(self, places: Sequence[RunFolder]) -> list[Lease] | None:
        """The next attempts at several places, or at none of them."""
        leases: list[Lease] = []
        try:
            for place in places:
                lease = self.claim(place)
                if lease is None:
                    break
                leases.append(lease)
        finally:
            if len(leases) < len(places):
                for claimed in leases:
                    claimed.end("stopped")
        return leases if len(leases) == len(places) else None

    def _over(self, folder: RunFolder) -> bool:
        """Whether an attempt has ended, or who made it has."""
        if _read(folder, END, End) is not None:
            return True
        gone = _holder(folder).process.gone()
        child = _read(folder, CHILD, Process)
        if gone and (child is None or child.gone()):
            return True
        try:
            beat = folder.read(BEAT, _MOST)
        except FileNotFoundError:
            beat = b""
        path, now = str(folder.path), self.clock()
        before, since = self.seen.setdefault(path, (beat, now))
        if before != beat:
            self.seen[path] = (beat, now)
            return False
        return now - since >= self.lease


def _holder(folder: RunFolder) -> Holder:
    holder = _read(folder, HOLDER, Holder)
    if holder is None:
        raise UserError(f"{folder.path / HOLDER} is missing", f"remove {folder.path}")
    return holder


def _read(folder: RunFolder, name: str, kind: type[_Record]) -> _Record | None:
    """A record of an attempt, None where it is not there."""
    try:
        return kind.model_validate_json(folder.read(name, _MOST))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UserError(f"{folder.path / name}: {first_of(error)}", f"remove {folder.path}") from None
