"""results.csv and curves.csv, read again: the only numbers that a report has."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.studies import Seeds, Study
from taxon.studies.running.store import State
from taxon.studies.running.table import CURVES, IMPORTED, OF_RUN, RESULTS
from taxon.studies.statistics.comparison import Row

Key = tuple[Row, str]
"""The hash of a row, and an environment."""

Points = tuple[tuple[int, float], ...]

_LARGEST = 2**30  # bytes: a thousand cells of ten seeds with 500 evaluations each are a third of it


@dataclass(frozen=True)
class Seed:
    """A run of a study as results.csv has it; numbers that are not there are None."""

    number: int
    state: State
    score: float | None
    last: float | None
    cause: str  # of a seed that froze, where the table has it
    module: str
    imported: bool  # from another store
    provenance: Mapping[str, str]


@dataclass(frozen=True)
class Recorded:
    """What there is of a study: the seeds of each row in each environment, in order, and their curves.

    random: a random policy's return by environment, where it was measured. tables: results.csv and curves.csv
    themselves, by their names.
    """

    seeds: Mapping[Key, tuple[Seed, ...]]
    random: Mapping[str, float]
    curves: Mapping[Key, Mapping[int, Points]]
    tables: Mapping[str, bytes]

    @property
    def units(self) -> int:
        """How many runs the study has."""
        return sum(map(len, self.seeds.values()))

    @property
    def complete(self) -> int:
        """How many of them are done, frozen ones included."""
        return sum(seed.state.complete for seeds in self.seeds.values() for seed in seeds)


def read(folder: RunFolder, study: Study, tables: Mapping[str, bytes] | None = None) -> Recorded:
    """The tables of a study: those in its folder, or those that were made anew for it.

    Raises UserError where there are none, or where they are another study's.
    """
    tables = {name: _content(folder, name) for name in (RESULTS, CURVES)} if tables is None else tables
    seeds: dict[Key, dict[int, Seed]] = {}
    steps: dict[Key, set[int]] = {}
    random: dict[str, float] = {}
    for line in _lines(folder, RESULTS, tables[RESULTS]):
        with _Place(folder, RESULTS, line) as fields:
            key: Key = (fields["row"], fields["environment"])
            seeds.setdefault(key, {})[int(fields["seed"])] = _seed(fields)
            steps.setdefault(key, set()).add(int(fields["steps"]))
            floor = _number(fields["random"])
            if floor is not None:
                random[fields["environment"]] = floor
    planned: dict[Key, Seeds] = {(run.hash, run.environment): run.seeds for run in study.runs}
    same = steps == {(run.hash, run.environment): {run.steps} for run in study.runs}
    if not same or not all(_asked(found, planned[key]) for key, found in seeds.items()):
        message = f"{folder.path / RESULTS} is of the study as it was before"
        raise UserError(message, "run the study again: what is there stays")
    ordered = {key: tuple(seeds[key][number] for number in range(len(seeds[key]))) for key in planned}
    return Recorded(ordered, random, _curves(folder, study, tables[CURVES]), tables)


def _asked(found: Mapping[int, Seed], seeds: Seeds) -> bool:
    """Whether these are the seeds of a cell at one of its looks."""
    return len(found) in seeds.looks and set(found) == set(range(len(found)))


def _seed(fields: Mapping[str, str]) -> Seed:
    state = State(fields["status"])
    score = _number(fields["score"])
    if state is State.DONE and score is None:
        raise ValueError("a run that is done has a score")
    imported = fields["origin"] == IMPORTED
    provenance = {name: fields[name] for name in OF_RUN}
    last, cause = _number(fields["last"]), fields.get("cause") or ""
    return Seed(int(fields["seed"]), state, score, last, cause, fields["module"], imported, provenance)


def _curves(folder: RunFolder, study: Study, content: bytes) -> dict[Key, dict[int, Points]]:
    keys: dict[tuple[str, str], Key] = {
        (cell.name, cell.environment): (cell.hash, cell.environment) for cell in study.cells
    }
    found: dict[Key, dict[int, dict[int, float]]] = {}
    for line in _lines(folder, CURVES, content):
        with _Place(folder, CURVES, line) as fields:
            value = _number(fields["return"])
            if value is None:
                raise ValueError("an evaluation has a return")
            curve = found.setdefault(keys[fields["cell"], fields["environment"]], {})
            curve.setdefault(int(fields["seed"]), {})[int(fields["step"])] = value
    return {
        key: {seed: tuple(sorted(points.items())) for seed, points in sorted(curves.items())}
        for key, curves in found.items()
    }


def _content(folder: RunFolder, name: str) -> bytes:
    """One of the tables as it lies there. Raises UserError where it is missing or cannot be read."""
    try:
        return folder.read(name, _LARGEST)
    except FileNotFoundError:
        message = f"{folder.path / name} is missing: nothing of the study has been run there"
        raise UserError(message, "run it first, with `taxon study FILE`, or name its folder with --out") from None
    except OSError as error:
        raise UserError(f"{folder.path / name} cannot be read: {error.strerror}", "mend its permissions") from None


def _lines(folder: RunFolder, name: str, content: bytes) -> Iterator[dict[str, str]]:
    try:
        yield from csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{folder.path / name} is no table: {error}", _AGAIN) from None


_AGAIN = "restore it from a copy, or run the study again: its runs are in the store"


@dataclass(frozen=True)
class _Place:
    """Turns what is wrong with a line into a message that says which file it is of."""

    folder: RunFolder
    name: str
    fields: Mapping[str, str]

    def __enter__(self) -> Mapping[str, str]:
        return self.fields

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, ValueError | KeyError | TypeError):
            said = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise UserError(f"{self.folder.path / self.name} is not a study's: {said}", _AGAIN) from None


def _number(text: str) -> float | None:
    """A finite number; None where there is none."""
    if not text:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    return value


def states(recorded: Recorded) -> dict[State, int]:
    """How many runs are in each state that any is in."""
    found = [seed.state for seeds in recorded.seeds.values() for seed in seeds]
    return {state: found.count(state) for state in State if state in found}


def provenance(seeds: Iterable[Seed]) -> dict[str, frozenset[str]]:
    """What runs were made with: the values of each kind."""
    kept = [seed.provenance for seed in seeds]
    return {name: frozenset(each[name] for each in kept if each[name]) for name in OF_RUN}
