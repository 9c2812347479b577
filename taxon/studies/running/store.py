"""The store: runs by what identifies them, shared by all studies that need them.

    runs/store/PLACE/             a row in an environment, made in one way; place.json says which, spec.tx is the row,
                                  agent.py a module that was edited
      run-SEED-ATTEMPT/           a folder of `taxon run`, of one seed or, on a GPU, of several from that one on; one
                                  that was imported has no checkpoint, and imported.json says when that was
      attempts-SEED/1, 2, ...     who was at that seed, and how it ended
    runs/store/random-NUMBER/     an environment's, with the return of a policy that acts at random

Nothing else is kept: what a unit's state is, is read from the runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.folder import manifest
from taxon.runtime.folder.run_folder import CHECKPOINT, MODULE, RunFolder
from taxon.studies.running import random_return
from taxon.studies.running.attempts import TRIES, Observer, failures
from taxon.studies.running.processes import machine
from taxon.studies.running.units import Place, Unit

PLACE, SPEC, IMPORTED = "place.json", "spec.tx", "imported.json"
RUN = re.compile(r"run-[0-9]+-[0-9]+")
_TENSORS = re.compile(r"checkpoint-.*\.safetensors")
_REPLAY = "replay"  # the folder of a run's stored steps
LARGEST = 2**20  # bytes of what describes a place


class State(Enum):
    """What there is of a unit."""

    MISSING = "missing"
    UNFINISHED = "unfinished"
    DONE = "done"
    FROZEN = "frozen"
    """Its numbers stopped being finite within the study's steps: that is a result."""
    STALE = "stale"
    """Another version of taxon emitted another module: neither run again unless that is asked for, nor mixed."""
    FAILED = "failed"
    """Its process ended by an error or a signal, and again when it went on."""
    BROKEN = "broken"
    """Something in its folder cannot be read."""

    @property
    def complete(self) -> bool:
        return self in (State.DONE, State.FROZEN)


@dataclass(frozen=True)
class Found:
    """A unit's state, with the run that has it and that run's record; why: what is wrong, or what froze the seed."""

    state: State
    run: RunFolder | None = None
    record: manifest.Manifest | None = None
    why: str = ""


class Store:
    """A folder of runs, made when something is first kept there. Raises UserError where it cannot be used."""

    ATTEMPTS = "attempts"  # at an environment's random policy

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened = existing_folder(path)

    @property
    def folder(self) -> RunFolder:
        if self._opened is None:
            self._opened = make_folder(self.path)
        return self._opened

    def describe(self, place: Place) -> RunFolder:
        """The folder of a place, made where there is none. Raises UserError where another one's record stands there."""
        folder = self._existing(place)
        if folder is None:
            self.folder.create(place.key, files(place))
            folder = self.folder.folder(place.key)
        return folder

    def attempts(self, place: Place, seed: int) -> RunFolder:
        return subfolder(self.describe(place), f"attempts-{seed}")

    def random(self, environment: str) -> RunFolder:
        """Where an environment's random policy is measured; the attempts at that are in a folder there."""
        return subfolder(self.folder, random_return.folder_of(environment))

    def random_attempts(self, environment: str) -> RunFolder:
        return subfolder(self.random(environment), self.ATTEMPTS)

    def find(self, unit: Unit, session: str | None = None) -> Found:
        """What there is of a unit: the run that went furthest; session: whose failures count, everyone's for None."""
        try:
            own = self._existing(unit.place)
            best = _furthest(own, unit)
            if own is not None and not best.state.complete:
                failed = failures(own, f"attempts-{unit.seed}", session)
                if len(failed) >= TRIES:
                    return Found(State.FAILED, best.run, best.record, failed[-1])
        except (UserError, OSError) as error:
            told = f"{error.message}; {error.help}" if isinstance(error, UserError) else str(error)
            return Found(State.BROKEN, why=told)
        if best.state is not State.MISSING:
            return best
        try:
            older = [self.folder.folder(name) for name in self._older(unit.place)]
            stale = max((_furthest(folder, unit) for folder in older), key=_steps, default=Found(State.MISSING))
        except (UserError, OSError):
            return Found(State.MISSING)  # what cannot be read there is of no use, and no reason to stop
        return stale if stale.record is None else Found(State.STALE, stale.run, stale.record)

    def unfinished(self, unit: Unit) -> Path | None:
        """The run that would go on, if there is one."""
        best = _furthest(self._existing(unit.place), unit)
        return best.run.path if best.run is not None and best.state is State.UNFINISHED else None

    def discard(self, unit: Unit) -> None:
        """Remove what a complete unit's run would need to go on: its checkpoint and its replay's rows."""
        run = self.find(unit).run
        if run is None:
            return
        files = run.files()
        # The index first: a run without one is never gone on with.
        for name in [CHECKPOINT] * (CHECKPOINT in files) + [name for name in files if _TENSORS.fullmatch(name)]:
            run.remove(name)
        if _REPLAY in run.folders():
            rows = run.folder(_REPLAY)
            for name in rows.files():
                rows.remove(name)

    def begun(self, place: Place) -> Iterator[tuple[RunFolder, manifest.Manifest]]:
        """The runs of a place that can be read."""
        try:
            folder = self._existing(place)
        except UserError:
            return
        for name in [] if folder is None else folder.folders():
            if folder is not None and RUN.fullmatch(name):
                run = folder.folder(name)
                try:
                    yield run, manifest.read(run)
                except (UserError, OSError):
                    continue

    def held(self, unit: Unit, observer: Observer) -> bool:
        """Whether someone is at a unit."""
        own = self._existing(unit.place)
        name = f"attempts-{unit.seed}"
        return own is not None and name in own.folders() and observer.held(own.folder(name))

    def measured(self, environment: str) -> random_return.RandomReturn | None:
        """An environment's random policy, where it was measured. Raises UserError where that cannot be read."""
        name = random_return.folder_of(environment)
        try:
            return None if self._opened is None else random_return.read(self._opened.folder(name))
        except FileNotFoundError:
            return None

    def _existing(self, place: Place) -> RunFolder | None:
        if self._opened is None:
            return None
        try:
            folder = self._opened.folder(place.key)
        except FileNotFoundError:
            return None
        _check(folder, place)
        return folder

    def _older(self, place: Place) -> list[str]:
        mark = f"{place.identity}-"
        names = [] if self._opened is None else self._opened.folders()
        return [name for name in names if name.startswith(mark) and name != place.key]


def existing_folder(path: Path) -> RunFolder | None:
    """A folder that several processes write to; None where there is none."""
    return RunFolder(path.resolve(), _writer()) if path.exists() else None


def make_folder(path: Path) -> RunFolder:
    """A folder that several processes write to, made where there is none."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be made: {error.strerror}", "choose another folder") from None
    return RunFolder(path.resolve(), _writer())


def _writer() -> str:
    """What tells this process's unfinished files from those of others."""
    return f"-{hashlib.sha256(machine().encode()).hexdigest()[:8]}-{os.getpid()}"


def subfolder(folder: RunFolder, name: str) -> RunFolder:
    """A folder in one, made where there is none, by whoever is first."""
    try:
        return folder.folder(name, make=True)
    except FileExistsError:
        return folder.folder(name)


def described(place: Place) -> dict[str, object]:
    program = place.program
    return {
        "format": 1,
        "row": program.row,
        "module": program.module,
        "environment": place.environment,
        **asdict(place.settings),
    }


def files(place: Place) -> dict[str, bytes]:
    """What describes a place: its record, its spec, and an edited module, which a study's processes execute."""
    source = place.program.source
    return {
        PLACE: json.dumps(described(place), indent=2).encode(),
        SPEC: place.program.text.encode(),
        **({} if source is None else {MODULE: source.encode()}),
    }


def _check(folder: RunFolder, place: Place) -> None:
    try:
        same = json.loads(folder.read(PLACE, LARGEST)) == described(place)
    except (OSError, ValueError, RecursionError):
        same = False
    texts = {name: text for name, text in files(place).items() if name != PLACE}
    try:
        same = same and all(folder.read(name, LARGEST) == text for name, text in texts.items())
    except OSError:
        same = False
    if not same:
        message = f"{folder.path / PLACE} or {' or '.join(texts)} beside it is not what was written there"
        raise UserError(message, "restore the folder from a copy, or remove it")


def _runs(folder: RunFolder | None, unit: Unit) -> Iterator[tuple[RunFolder, manifest.Manifest]]:
    """The runs that have a unit's seed."""
    for name in [] if folder is None else folder.folders():
        if folder is None or not RUN.fullmatch(name):
            continue
        run = folder.folder(name)
        if manifest.FILE not in run.files():
            continue
        record = manifest.read(run)
        if record.identity != unit.place.program.identity or record.recipe() != Recipe(unit.place.environment):
            message = f"{run.path / manifest.FILE} belongs to another run"
            raise UserError(message, "restore the folder from a copy, or remove it")
        if unit.seed in record.seeds:
            yield run, record


def _furthest(folder: RunFolder | None, unit: Unit) -> Found:
    """The run of a unit in a place's folder that went furthest, of those that are complete or can go on."""
    states = [(run, _state(unit, run, record)) for run, record in _runs(folder, unit)]
    found = [each for run, each in states if each.state.complete or CHECKPOINT in run.files()]
    return max(found, key=lambda each: (each.state.complete, _steps(each)), default=Found(State.MISSING))


def _state(unit: Unit, run: RunFolder, record: manifest.Manifest) -> Found:
    frozen = record.frozen.get(str(unit.seed))
    if frozen is not None and frozen <= unit.steps:
        return Found(State.FROZEN, run, record, one_line(record.causes.get(str(unit.seed), "")))
    # A run that is stopped in its last evaluation has made its steps; one that made a step more has evaluated.
    needed = unit.steps if record.status == "finished" else unit.steps + record.environments
    if frozen is not None or record.steps_done >= needed:
        return Found(State.DONE, run, record)
    return Found(State.UNFINISHED, run, record)


def _steps(found: Found) -> int:
    return 0 if found.record is None else found.record.steps_done
