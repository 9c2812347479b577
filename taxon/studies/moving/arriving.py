"""`taxon study import`: the finished runs of an exported folder, taken into a store once all of them are checked.

The folder may come from a stranger. Nothing of it is executed, no link is followed, and what is written is made anew
from what was understood of it.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from taxon.diagnostics.model import Diagnostic
from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.fields import Compared, Hash, Several, Time, first_of
from taxon.runtime.folder.logging import METRICS
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import MOST_EPISODES, Precision
from taxon.semantics import load_spec, row_hash
from taxon.semantics.studies import Score
from taxon.studies.moving.whole import OTHER, Curve, Whole, whole
from taxon.studies.running import random_return, results
from taxon.studies.running.attempts import How, Lease, Observer
from taxon.studies.running.plan import program
from taxon.studies.running.store import IMPORTED, LARGEST, PLACE, RUN, SPEC, State, Store
from taxon.studies.running.units import Place, Program, Settings, Unit
from taxon.syntax import parse
from taxon.syntax.reading import decoded

_PLACES = re.compile(r"[0-9a-f]{20}-[0-9a-f]{12}")
_RANDOM = re.compile(r"random-[0-9a-f]{20}")

_LAST = Score("final", 0.1)  # which score results are read with does not matter here


class Described(BaseModel):
    """place.json."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    format: Literal[1]
    row: Hash
    module: Hash
    environment: Compared = Field(min_length=1)
    evaluate_every: Several
    evaluation_episodes: int = Field(ge=1, le=MOST_EPISODES)
    precision: Precision
    compiled: bool

    @property
    def settings(self) -> Settings:
        return Settings(self.evaluate_every, self.evaluation_episodes, self.precision, self.compiled)


class Imported(BaseModel):
    """imported.json: that a run was made for another store, and when it came."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    format: Literal[1] = 1
    at: Time


@dataclass
class Arrived:
    """What was imported. there: runs that the store had already. kept: environments whose random return it had."""

    runs: int = 0
    seeds: int = 0
    there: int = 0
    random: int = 0
    kept: list[str] = field(default_factory=list)

    def lines(self, store: Path) -> Iterator[str]:
        """For a person."""
        yield f"{self.runs:,} runs with {self.seeds:,} seeds imported into {store}; {self.there:,} were there already"
        if self.random:
            yield f"returns of random policies in {self.random:,} environments imported"
        for environment in self.kept:
            yield f"another return of a random policy in {environment} is there, and stays"


def arrive(path: Path, store: Store) -> Arrived:
    """Take the runs of a folder into a store: all of them, or none where something is wrong with one.

    Raises UserError where something is not what an export writes, is another result than one that the store has, or is
    being run.
    """
    source = RunFolder(path)
    if path.resolve() == store.path.resolve():
        raise UserError(f"{path} is the store itself", "name another folder, or another --store")
    names = source.folders()
    places = [source.folder(name) for name in names if _PLACES.fullmatch(name)]
    arrivals = [arrival for folder in places for arrival in _runs(folder)]
    random = [_random(source.folder(name)) for name in names if _RANDOM.fullmatch(name)]
    if not arrivals:
        raise UserError(f"{path} has no runs of a study", "name a folder that `taxon study export --runs` wrote")
    _agree(arrivals)
    floors = {measured.environment: store.measured(measured.environment) for measured in random}
    new = [arrival for arrival in arrivals if not _there(store, arrival)]
    arrived = Arrived(len(new), sum(len(arrival.record.seeds) for arrival in new), len(arrivals) - len(new))
    with _claimed(store, new) as names:
        if any(_there(store, arrival) for arrival in new):
            raise UserError(f"runs of {path} were finished in {store.path} meanwhile", "import it again")
        for arrival, name in zip(new, names, strict=True):
            store.describe(arrival.place).create(name, _files(arrival))
    for measured in random:
        own = floors[measured.environment]
        if own is None:
            content = measured.model_dump_json().encode()
            store.random(measured.environment).write(random_return.FILE, content)
            arrived.random += 1
        elif own != measured:
            arrived.kept.append(measured.environment)
    return arrived


def _runs(folder: RunFolder) -> Iterator[Whole]:
    """The runs of a place's folder."""
    place = _place(folder)
    for name in folder.folders():
        if RUN.fullmatch(name):
            yield whole(place, folder.folder(name))


def _place(folder: RunFolder) -> Place:
    """What a folder's own name stands for: a row, an environment, and how runs are made."""
    path = folder.path / PLACE
    try:
        said = Described.model_validate_json(_read(folder, PLACE))
    except ValidationError as error:
        raise UserError(f"{path}: {first_of(error)}", OTHER) from None
    place = Place(_program(folder, said), said.environment, said.settings)
    if place.key != folder.path.name:
        raise UserError(f"{path} is not that of a folder {folder.path.name}", OTHER)
    return place


def _program(folder: RunFolder, said: Described) -> Program:
    """The row of a place's spec, which is data, and the module that is emitted of it here."""
    path = folder.path / SPEC
    text = decoded(str(path), _read(folder, SPEC))
    if isinstance(text, Diagnostic):
        raise UserError(f"{path}: {text.message}", OTHER)
    if parse(text)[0].imports:
        raise UserError(f"{path} imports another file, which no exported spec does", OTHER)
    found = load_spec(str(path), texts={Path(os.path.realpath(path)): text.text})
    if found.row is None:
        raise UserError(f"{path} means nothing here: {found.diagnostics[0].message}", "install what it has choices of")
    own = program("row", row_hash(found.row), found.row)
    if own.text != text.text or own.row != said.row:
        raise UserError(f"{path} is not the spec of the row {said.row[:12]}", OTHER)
    if own.module != said.module:
        help = "export the runs by the version of taxon that is installed here, or make them here"
        raise UserError(f"{path} was trained by another version of taxon, whose module of it is another", help)
    return own


def _random(folder: RunFolder) -> random_return.RandomReturn:
    """A random policy's return, in the folder of its environment."""
    found = random_return.read(folder)
    if found is None or random_return.folder_of(found.environment) != folder.path.name:
        raise UserError(f"{folder.path} is not the folder of a random policy's return", OTHER)
    return found


def _agree(arrivals: Sequence[Whole]) -> None:
    """Raise UserError where two runs of the same seed have other results."""
    before: dict[tuple[str, int], tuple[Curve, Path]] = {}
    for arrival in arrivals:
        for seed, curve in arrival.curves.items():
            other, path = before.setdefault((arrival.place.key, seed), (curve, arrival.path))
            common = min(len(curve), len(other))
            if curve[:common] != other[:common]:
                raise UserError(_differs(arrival, seed, path), "remove one of the two")


def _there(store: Store, arrival: Whole) -> bool:
    """Whether a store has the same results already. Raises UserError where it has others."""
    there = 0
    for seed, curve in arrival.curves.items():
        unit = Unit(arrival.place, seed, arrival.record.steps)
        found = store.find(unit)
        own = results.read(unit, found, _LAST)
        if own.state is State.BROKEN:
            raise UserError(own.why, "mend the store, or name another one with --store")
        if not own.state.complete:
            continue
        if own.curve != curve or own.frozen_at != arrival.record.frozen.get(str(seed)):
            where = store.path if found.run is None else found.run.path
            help = "remove one of the two: machines may differ in a run's last bits"
            raise UserError(_differs(arrival, seed, where), help)
        there += 1
    return there == len(arrival.curves)


def _differs(arrival: Whole, seed: int, other: Path) -> str:
    return f"{arrival.path} has another result of seed {seed} than {other}"


@contextmanager
def _claimed(store: Store, arrivals: Sequence[Whole]) -> Iterator[list[str]]:
    """Hold the seeds of all runs; yields what each run is to be called, which no other of its place is.

    Raises UserError where a seed is being run.
    """
    observer, held, names = Observer("", math.inf), dict[Path, Lease](), list[str]()
    how: How = "stopped"
    try:
        for arrival in arrivals:
            leases: list[Lease] = []
            for seed in arrival.record.seeds:
                attempts = store.attempts(arrival.place, seed)
                if attempts.path in held:  # by another run of the seed: each is named by an attempt of its own
                    held.pop(attempts.path).end(how)
                lease = observer.claim(attempts)
                if lease is None:
                    message = f"a seed of {arrival.path} is being run in {store.path}"
                    raise UserError(message, "wait until it has ended, or stop it")
                held[attempts.path] = lease
                leases.append(lease)
            names.append(f"run-{arrival.record.seeds[0]}-{leases[0].number}")
        yield names
        how = "done"
    finally:
        for lease in held.values():
            lease.end(how)


def _files(arrival: Whole) -> dict[str, bytes]:
    """What is written of a run."""
    return {
        manifest.FILE: arrival.record.model_dump_json(indent=2).encode(),
        METRICS: arrival.metrics,
        IMPORTED: Imported(at=manifest.now()).model_dump_json().encode(),
    }


def _read(folder: RunFolder, name: str) -> bytes:
    try:
        return folder.read(name, LARGEST)
    except OSError as error:
        raise UserError(f"{folder.path / name} cannot be read: {error.strerror}", OTHER) from None
