"""tune.json: what a search is, written before its first trial."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.tuning import Tune, tune_data
from taxon.studies.running.record import Made, recorded
from taxon.studies.running.units import Settings

FILE = "tune.json"


class Record(BaseModel):
    """A search as its folder records it; `meaning` is all that decides its trials."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: Literal[1] = 1
    made: Made
    meaning: dict[str, Any]

    @property
    def settings(self) -> Settings:
        return Settings(**self.made.model_dump())


def read(folder: RunFolder) -> Record | None:
    """The record of a folder; None where there is none. Raises UserError where it cannot be read."""
    help = "restore the file from a copy, or choose another --out: the runs themselves are in the store"
    return recorded(folder, FILE, Record, help)


def meaning(tune: Tune) -> dict[str, Any]:
    """All that decides a tune's trials."""
    return tune_data(tune, {environment: tune.row({}, environment).hash for environment in tune.environments})


def check(folder: RunFolder, record: Record, tune: Tune) -> None:
    """Raise UserError where a folder's trials were proposed for another declaration."""
    now = meaning(tune)
    changed = [name for name, value in now.items() if record.meaning.get(name) != value]
    if changed:
        message = f"{folder.path} holds trials of a search that was declared otherwise: {', '.join(changed)} changed"
        raise UserError(message, "choose another --out: what was run already is taken from the store")


def declare(folder: RunFolder, tune: Tune, settings: Settings) -> None:
    """Write the record."""
    record = Record(made=Made(**asdict(settings)), meaning=meaning(tune))
    folder.write(FILE, record.model_dump_json(indent=2).encode())
