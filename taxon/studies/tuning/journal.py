"""trials.jsonl: the values of every trial, written before the trial is run, a line each.

It is the only thing that a search keeps beside its runs: what a trial came to is read from those.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from taxon.runtime.errors import UserError
from taxon.runtime.folder.fields import first_of
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.tuning import Tune
from taxon.semantics.tuning.model import Values

FILE = "trials.jsonl"
_LARGEST = 64 * 2**20  # bytes: a hundred thousand trials of ten values take half of it


class Proposal(BaseModel):
    """A line."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    trial: int = Field(ge=0)
    values: dict[str, str]


@dataclass
class Journal:
    """The trials that were proposed so far; `folder` is None where nothing is written yet."""

    folder: RunFolder | None
    values: list[Values] = field(default_factory=list)
    bytes: int | None = None  # of the lines that count, None where there is no file

    def add(self, values: Values) -> None:
        """Write the next trial down; it is on the disk when this returns."""
        assert self.folder is not None  # a search that proposes has a folder
        line = json.dumps({"trial": len(self.values), "values": dict(values)}).encode() + b"\n"
        with self.folder.append(FILE, self.bytes) as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if self.bytes is None:
            self.folder.sync()
        self.bytes = (self.bytes or 0) + len(line)
        self.values.append(values)


def read(folder: RunFolder | None, tune: Tune) -> Journal:
    """The journal of a folder; a line that was cut off does not count.

    Raises UserError where a line is none of this tune's.
    """
    try:
        text = b"" if folder is None else folder.read(FILE, _LARGEST)
    except FileNotFoundError:
        text = b""
    journal = Journal(folder)
    for number, line in enumerate(text.split(b"\n")[:-1]):
        journal.values.append(_values(line, number, tune, "" if folder is None else str(folder.path / FILE)))
        journal.bytes = (journal.bytes or 0) + len(line) + 1
    if text and journal.bytes is None:
        journal.bytes = 0  # its only line was cut off
    return journal


def _values(line: bytes, number: int, tune: Tune, path: str) -> Values:
    help = "restore the file from a copy, or choose another --out: the runs themselves are in the store"
    try:
        proposal = Proposal.model_validate_json(line)
    except ValidationError as error:
        raise UserError(f"{path}, line {number + 1}: {first_of(error)}", help) from None
    names = [dimension.name for dimension in tune.dimensions]
    if proposal.trial != number or sorted(proposal.values) != sorted(names):
        raise UserError(f"{path}, line {number + 1} is no trial {number} of {tune.name}", help)
    for dimension in tune.dimensions:
        if not dimension.holds(proposal.values[dimension.name]):
            message = f"{path}, line {number + 1}: `{dimension}` has no such value"
            raise UserError(message, help)
    return {name: proposal.values[name] for name in names}
