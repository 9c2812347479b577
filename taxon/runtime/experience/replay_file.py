"""A replay on disk: its rows in files that only grow, so that a checkpoint writes what is new and harms nothing old.

A checkpoint names the files with their lengths and digests. What stands in a file beyond its named length was written
by a process that died before its checkpoint was whole, and is dropped.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from taxon.runtime.errors import UserError
from taxon.runtime.experience.replay import ReplayBuffer
from taxon.runtime.files import sync_folder

FOLDER = "replay"
FILE_BYTES = 32 * 2**20  # a file is full when it holds so much: what leaves the replay is freed file by file
FEWEST_STEPS = 1_024  # but it holds at least so many steps
AT_ONCE = 8 * 2**20  # bytes copied at a time: a checkpoint's own memory stays small


class Rows(BaseModel):
    """A file of rows: [steps, S N, W + 2 O] in float32, in the order in which they were stored."""

    model_config = ConfigDict(extra="forbid", strict=True)
    file: str = Field(pattern=r"^rows-[0-9]{1,18}\.bin$")
    first: NonNegativeInt  # the step of its first row, counted from the run's start
    steps: PositiveInt
    sha256: str


class ReplayFile:
    """The rows of a ring in a run's folder."""

    def __init__(self, folder: Path, ring: ReplayBuffer) -> None:
        self.folder = folder / FOLDER
        self.ring = ring
        self.entries: list[Rows] = []
        self._digest = hashlib.sha256()  # of the last entry's rows
        self._row_bytes = 4 * ring.width
        self._environments = ring.seeds * ring.environments
        self._steps = max(FEWEST_STEPS, FILE_BYTES // self._row_bytes)  # of a full file

    @property
    def bytes(self) -> int:
        """Disk space of a full ring."""
        return self.ring.capacity * self._row_bytes

    def append(self) -> list[Rows]:
        """Write the rows that are new, and forget the files whose rows have left the ring; the files that remain.

        The forgotten ones are still there: `sweep` removes them.
        """
        self.folder.mkdir(exist_ok=True)
        oldest = self.ring.added - self.ring.size
        end = self.entries[-1].first + self.entries[-1].steps if self.entries else 0
        first = max(end, oldest)
        while first < self.ring.added:
            last = self.entries[-1] if self.entries else None
            if last is None or last.first + last.steps != first or last.steps >= self._steps:
                self._digest = hashlib.sha256()
                count = min(self._steps, self.ring.added - first)
                self._write(f"rows-{first}.bin", 0, first, count)
                self.entries.append(self._entry(first, count))
            else:
                count = min(self._steps - last.steps, self.ring.added - first)
                self._write(last.file, last.steps * self._row_bytes, first, count)
                self.entries[-1] = self._entry(last.first, last.steps + count)
            first += count
        self.entries = [entry for entry in self.entries if entry.first + entry.steps > oldest]
        sync_folder(self.folder)
        return list(self.entries)

    def sweep(self) -> None:
        """Remove the files that the entries do not name."""
        if self.folder.is_dir():
            named = {entry.file for entry in self.entries}
            for path in self.folder.glob("rows-*.bin"):
                if path.name not in named:
                    path.unlink()

    def load(self, entries: list[Rows]) -> None:
        """Lay the named rows into the ring, whose `added` is set. Raises UserError where they are not those named."""
        oldest = self.ring.added - self.ring.size
        expected = oldest
        for entry in entries:
            if entry.first > expected or entry.first + entry.steps > self.ring.added:
                raise UserError(f"the rows in {self.folder} are not those of the checkpoint", _RESTORE)
            self._digest = self._read(entry, oldest)
            expected = max(expected, entry.first + entry.steps)
        if expected != self.ring.added:
            raise UserError(f"rows are missing in {self.folder}", _RESTORE)
        self.entries = list(entries)

    def _entry(self, first: int, steps: int) -> Rows:
        return Rows(file=f"rows-{first}.bin", first=first, steps=steps, sha256=self._digest.hexdigest())

    def _write(self, name: str, place: int, first: int, count: int) -> None:
        """Write rows at a byte of a file, and nothing after them."""
        path = self.folder / name
        with path.open("r+b" if place else "wb") as file:
            file.truncate(place)
            file.seek(place)
            for start, end in self._pieces(first, count):
                content = self.ring.between(start, end).cpu().numpy().tobytes()
                file.write(content)
                self._digest.update(content)
            file.flush()
            os.fsync(file.fileno())

    def _read(self, entry: Rows, oldest: int) -> "hashlib._Hash":
        path = self.folder / entry.file
        digest = hashlib.sha256()
        try:
            if path.is_symlink():
                raise UserError(f"{path} is a link", _RESTORE)
            with path.open("rb") as file:
                for start, end in self._pieces(entry.first, entry.steps):
                    content = file.read((end - start) * self._row_bytes)
                    digest.update(content)
                    if len(content) < (end - start) * self._row_bytes:
                        raise UserError(f"{path} is shorter than the checkpoint says", _RESTORE)
                    rows = np.frombuffer(content, dtype=np.float32).reshape(end - start, self._environments, -1)
                    keep = max(0, oldest - start)
                    if keep < end - start:
                        self.ring.put(start + keep, torch.tensor(rows[keep:]))
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}", _RESTORE) from None
        if digest.hexdigest() != entry.sha256:
            raise UserError(f"{path} is not the file that was saved: its digest differs", _RESTORE)
        return digest

    def _pieces(self, first: int, count: int) -> list[tuple[int, int]]:
        """Steps `first` to `first + count` in parts of about AT_ONCE bytes."""
        size = max(1, AT_ONCE // self._row_bytes)
        return [(start, min(start + size, first + count)) for start in range(first, first + count, size)]


_RESTORE = "restore the folder from a copy, or train again"
