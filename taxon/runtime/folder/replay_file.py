"""A replay on disk: its rows in files that only grow, so that a checkpoint writes what is new and harms nothing old.

A checkpoint names the files with their lengths and digests. What stands in a file beyond its named length was written
by a process that died before its checkpoint was whole, and is dropped.
"""

import hashlib
import os
import re
from collections.abc import Iterator

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from taxon.runtime.errors import UserError
from taxon.runtime.experience.replay import ReplayBuffer
from taxon.runtime.folder.fields import Count, Hash, Several
from taxon.runtime.folder.run_folder import RunFolder

FOLDER = "replay"
ROWS = r"^rows-[0-9]{1,19}\.bin$"  # the names of the files
FILE_BYTES = 32 * 2**20  # a file is full when it holds so much: what leaves the replay is freed file by file
FEWEST_STEPS = 1_024  # but it holds at least so many steps
AT_ONCE = 8 * 2**20  # bytes copied at a time: a checkpoint's own memory stays small


class Rows(BaseModel):
    """A file of rows: [steps, S N, W + 2 O] in float32, in the order in which they were stored."""

    model_config = ConfigDict(extra="forbid", strict=True)
    file: str = Field(pattern=ROWS)
    first: Count  # the step of its first row, counted from the run's start
    steps: Several
    sha256: Hash


class ReplayFile:
    """The rows of a ring in a run's folder."""

    def __init__(self, folder: RunFolder, ring: ReplayBuffer) -> None:
        self.folder = folder
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
        folder = self.folder.folder(FOLDER, make=True)
        oldest = self.ring.added - self.ring.size
        end = self.entries[-1].first + self.entries[-1].steps if self.entries else 0
        first = max(end, oldest)
        while first < self.ring.added:
            last = self.entries[-1] if self.entries else None
            if last is None or last.first + last.steps != first or last.steps >= self._steps:
                self._digest = hashlib.sha256()
                count = min(self._steps, self.ring.added - first)
                self._write(folder, _name(first), 0, first, count)
                self.entries.append(self._entry(first, count))
            else:
                count = min(self._steps - last.steps, self.ring.added - first)
                self._write(folder, last.file, last.steps * self._row_bytes, first, count)
                self.entries[-1] = self._entry(last.first, last.steps + count)
            first += count
        self.entries = [entry for entry in self.entries if entry.first + entry.steps > oldest]
        folder.sync()
        return list(self.entries)

    def sweep(self) -> None:
        """Remove the files that the entries do not name."""
        folder, named = self.folder.folder(FOLDER), {entry.file for entry in self.entries}
        for name in folder.files():
            if re.fullmatch(ROWS, name) and name not in named:
                folder.remove(name)

    def load(self, entries: list[Rows]) -> None:
        """Lay the named rows into the ring, whose `added` is set. Raises UserError where they are not those named."""
        where = self.folder.path / FOLDER
        oldest = self.ring.added - self.ring.size
        if not entries and self.ring.size:
            raise UserError(f"rows are missing in {where}", _RESTORE)
        expected = entries[0].first if entries else 0
        for entry in entries:  # each begins where the one before ended, so that none is read twice
            if entry.first != expected or entry.file != _name(entry.first):
                raise UserError(f"the rows in {where} are not those of the checkpoint", _RESTORE)
            expected += entry.steps
        if entries and (entries[0].first > oldest or expected != self.ring.added):
            raise UserError(f"the rows in {where} are not those of the checkpoint", _RESTORE)
        for entry in entries:
            self._digest = self._read(entry, oldest)
        self.entries = list(entries)

    def _entry(self, first: int, steps: int) -> Rows:
        return Rows(file=_name(first), first=first, steps=steps, sha256=self._digest.hexdigest())

    def _write(self, folder: RunFolder, name: str, place: int, first: int, count: int) -> None:
        """Write rows at a byte of a file, and nothing after them."""
        with folder.append(name, place) as file:
            for start, end in self._pieces(first, count):
                content = self.ring.between(start, end).cpu().numpy().tobytes()
                file.write(content)
                self._digest.update(content)
            file.flush()
            os.fsync(file.fileno())

    def _read(self, entry: Rows, oldest: int) -> "hashlib._Hash":
        path = self.folder.path / FOLDER / entry.file
        digest = hashlib.sha256()
        try:
            with self.folder.folder(FOLDER).reading(entry.file) as file:
                if os.fstat(file.fileno()).st_size < entry.steps * self._row_bytes:
                    raise UserError(f"{path} is shorter than the checkpoint says", _RESTORE)
                for start, end in self._pieces(entry.first, entry.steps):
                    content = file.read((end - start) * self._row_bytes)
                    digest.update(content)
                    rows = np.frombuffer(content, dtype=np.float32).reshape(end - start, self._environments, -1)
                    keep = max(0, oldest - start)
                    if keep < end - start:
                        self.ring.put(start + keep, torch.tensor(rows[keep:]))
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}", _RESTORE) from None
        if digest.hexdigest() != entry.sha256:
            raise UserError(f"{path} is not the file that was saved: its digest differs", _RESTORE)
        return digest

    def _pieces(self, first: int, count: int) -> Iterator[tuple[int, int]]:
        """Steps `first` to `first + count` in parts of about AT_ONCE bytes."""
        size = max(1, AT_ONCE // self._row_bytes)
        return ((start, min(start + size, first + count)) for start in range(first, first + count, size))


def _name(first: int) -> str:
    """The file whose first row is that of this step."""
    return f"rows-{first}.bin"


_RESTORE = "restore the folder from a copy, or train again"
