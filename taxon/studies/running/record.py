"""study.json: what a study is and claims, written before its first run.

What is claimed later is recorded with the number of the study's runs that had begun by then: such a claim was declared
with data at hand, and a report says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.fields import Compared, Count, Hash, Several, Time, first_of
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import MOST_EPISODES, Precision
from taxon.semantics.studies import Study, study_data, study_hash
from taxon.studies.running.units import Settings

FILE = "study.json"
_LARGEST = 64 * 2**20  # bytes: a study of a thousand cells in ten environments takes a tenth of it

Recorded = TypeVar("Recorded", bound=BaseModel)


class Made(BaseModel):
    """How the study's runs are made."""

    model_config = ConfigDict(extra="forbid", strict=True)
    evaluate_every: Several
    evaluation_episodes: int = Field(ge=1, le=MOST_EPISODES)
    precision: Precision
    compiled: bool


class Declared(BaseModel):
    """A claim, when it was declared, and after how many of the study's runs had begun."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    claim: str
    at: Time
    after: Count


class Version(BaseModel):
    """What the study was from a time on."""

    model_config = ConfigDict(extra="forbid", strict=True)
    hash: Hash
    at: Time
    after: Count


class Record(BaseModel):
    """A study as its folder records it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: Literal[1] = 1
    study: Compared
    made: Made
    versions: list[Version] = Field(min_length=1)  # the present one last
    claims: list[Declared]  # all that were ever declared, in that order
    meaning: dict[str, Any]  # the present study, resolved: its grid and its claims

    @property
    def settings(self) -> Settings:
        return Settings(**self.made.model_dump())

    def declared(self, name: str, claim: str) -> Declared | None:
        """When a claim was declared."""
        return next((each for each in self.claims if (each.name, each.claim) == (name, claim)), None)


def read(folder: RunFolder) -> Record | None:
    """The record of a study's folder; None where there is none. Raises UserError where it cannot be read."""
    return recorded(folder, FILE, Record, "restore the file from a copy; the runs themselves are in the store")


def recorded(folder: RunFolder, name: str, kind: type[Recorded], help: str) -> Recorded | None:
    """A record in a folder; None where there is none. Raises UserError, with `help` where it is none of its kind."""
    path = folder.path / name
    try:
        return kind.model_validate_json(folder.read(name, _LARGEST))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", "mend its permissions") from None
    except ValidationError as error:
        raise UserError(f"{path}: {first_of(error)}", help) from None


def declare(folder: RunFolder, before: Record | None, study: Study, settings: Settings, begun: int) -> Record:
    """Record a study as it is now, where that is new; begun: how many of its runs have begun.

    Raises UserError where the folder is another study's.
    """
    if before is not None and before.study != study.name:
        message = f"{folder.path} is the folder of the study {before.study}"
        raise UserError(message, "choose another --out")
    now = manifest.now()
    version = Version(hash=study_hash(study), at=now, after=begun)
    known = {(each.name, each.claim) for each in ([] if before is None else before.claims)}
    new = [
        Declared(name=claim.name, claim=claim.text, at=now, after=begun)
        for claim in study.claims
        if (claim.name, claim.text) not in known
    ]
    record = Record(
        study=study.name,
        made=Made(**asdict(settings)),
        versions=_with([] if before is None else before.versions, version),
        claims=[*([] if before is None else before.claims), *new],
        meaning=study_data(study),
    )
    if record != before:
        folder.write(FILE, record.model_dump_json(indent=2).encode())
    return record


def _with(versions: Iterable[Version], version: Version) -> list[Version]:
    kept = list(versions)
    return kept if kept and kept[-1].hash == version.hash else [*kept, version]
