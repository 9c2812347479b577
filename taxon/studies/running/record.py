"""study.json: what a study is and claims, written before its first run.

What is claimed later is recorded with the number of the study's runs that had begun by then: such a claim was declared
with data at hand, and a report says so. So is a claim whose words are as they were and mean something else, since the
study's levels, rows, scale, score or treatment of frozen seeds have changed, or an environment was taken out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from taxon.runtime.errors import UserError, one_line
from taxon.runtime.folder import manifest
from taxon.runtime.folder.fields import Count, Hash, Several, Time, first_of
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import MOST_EPISODES, Precision
from taxon.semantics.studies import Study, claim_meanings, study_data, study_hash
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
    """A claim, when it was declared, and after how many of the study's runs had begun.

    meaning: by environment the hash of what it says there; None where that was not recorded.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    claim: str
    at: Time
    after: Count
    meaning: Annotated[dict[str, Hash], Field(min_length=1)] | None = None


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
    study: str
    made: Made
    versions: list[Version] = Field(min_length=1)  # the present one last
    claims: list[Declared]  # all that were ever declared, in that order
    meaning: dict[str, Any]  # the present study, resolved: its grid and its claims

    @property
    def settings(self) -> Settings:
        return Settings(**self.made.model_dump())

    def declared(self, study: Study) -> dict[str, Declared]:
        """When each claim of a study was first declared as it is now, by its name; one that was not is left out.

        Environments that were added since leave a claim what it was.
        """
        now = claim_meanings(study_data(study))
        found: dict[str, Declared] = {}
        for each in self.claims:
            means = now.get((each.name, each.claim), {})
            if each.meaning is not None and each.meaning.items() <= means.items():
                found.setdefault(each.name, each)
        return found


def read(folder: RunFolder) -> Record | None:
    """The record of a study's folder; None where there is none. Raises UserError where it cannot be read."""
    found = recorded(folder, FILE, Record, _RESTORE)
    if found is None or any(each.meaning is not None for each in found.claims):
        return found
    # Of a version that did not record what claims mean: they meant what the study had them mean when it was written.
    try:
        meanings = claim_meanings(found.meaning)
        claims = [
            Declared(**each.model_dump() | {"meaning": meanings.get((each.name, each.claim))}) for each in found.claims
        ]
    except (LookupError, TypeError, ValueError, AttributeError):
        raise UserError(f"{folder.path / FILE}: its meaning is none of a study", _RESTORE) from None
    return found.model_copy(update={"claims": claims})


_RESTORE = "restore the file from a copy; the runs themselves are in the store"


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


def check(folder: RunFolder, record: Record, study: Study) -> None:
    """Raise UserError where a folder is another study's."""
    if record.study != study.name:
        message = f"{folder.path} is the folder of the study {one_line(record.study)}"
        raise UserError(message, "choose another --out")


def declare(folder: RunFolder, before: Record | None, study: Study, settings: Settings, begun: int) -> Record:
    """Record a study as it is now, where that is new; before: its folder's; begun: how many of its runs have begun."""
    now, data = manifest.now(), study_data(study)
    version = Version(hash=study_hash(study), at=now, after=begun)
    record = Record(
        study=study.name,
        made=Made(**asdict(settings)),
        versions=_with([] if before is None else before.versions, version),
        claims=_declared(before, study, claim_meanings(data), now, begun),
        meaning=data,
    )
    if record != before:
        folder.write(FILE, record.model_dump_json(indent=2).encode())
    return record


def _declared(
    before: Record | None, study: Study, meanings: Mapping[tuple[str, str], dict[str, str]], now: str, begun: int
) -> list[Declared]:
    """The claims that were ever declared, those of the study with all that they mean now, its new ones last."""
    known = {} if before is None else before.declared(study)
    kept = [
        each.model_copy(update={"meaning": meanings[each.name, each.claim]}) if known.get(each.name) is each else each
        for each in ([] if before is None else before.claims)
    ]
    new = [
        Declared(name=claim.name, claim=claim.text, at=now, after=begun, meaning=meanings[claim.name, claim.text])
        for claim in study.claims
        if claim.name not in known
    ]
    return [*kept, *new]


def _with(versions: Iterable[Version], version: Version) -> list[Version]:
    kept = list(versions)
    return kept if kept and kept[-1].hash == version.hash else [*kept, version]
