"""What a study's runs came to: read from their own records and metrics, and from nothing else."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from taxon.runtime.errors import UserError
from taxon.runtime.folder.logging import METRICS, lines
from taxon.runtime.folder.manifest import Manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.studies import Score
from taxon.studies.running.store import IMPORTED, Found, State
from taxon.studies.running.units import Unit
from taxon.studies.statistics import scores
from taxon.studies.statistics.errors import StatisticsError

VERSIONS = ("torch", "numpy", "gymnasium", "mujoco")  # of the packages of a run that are told
_TAIL = 2**18  # bytes of the metrics in which the latest speed stands


@dataclass(frozen=True)
class Result:
    """A unit's numbers. Where its state is not complete there are none, but for a stale one, which is not compared.

    state: as it was found, but broken where a complete unit's evaluations cannot be read or are not all there.
    score: of a frozen seed its last evaluation; None where there is none. last: the last evaluation, with its step in
    `curve`, whose steps are multiples of the cadence and at most those of the study. frozen_at: the environment step.
    why: what is wrong, and the way out; of a frozen seed what froze it.
    """

    state: State
    score: float | None = None
    last: float | None = None
    frozen_at: int | None = None
    curve: tuple[tuple[int, float], ...] = ()
    module: str = ""  # the start of the SHA-256 of the module that ran, as the store has it
    versions: tuple[tuple[str, str], ...] = ()
    why: str = ""
    imported: bool = False  # made for another store


def read(unit: Unit, found: Found, score: Score) -> Result:
    """The result of a unit as it was found."""
    run, record = found.run, found.record
    counts = found.state.complete or found.state is State.STALE
    if not counts or run is None or record is None:
        return Result(found.state, why=found.why)
    try:
        return _result(unit, found, run, record, score)
    except StatisticsError as error:
        why = f"{run.path / METRICS}: {error}"
    except UserError as error:
        why = error.message
    except OSError as error:
        why = f"{run.path / METRICS} cannot be read: {error.strerror}"
    # What is stale counts for nothing, whole or not.
    state = State.BROKEN if found.state.complete else found.state
    return Result(state, why=f"{why}; restore it from a copy, or remove {run.path}, and the run is made again")


def _result(unit: Unit, found: Found, run: RunFolder, record: Manifest, score: Score) -> Result:
    frozen, every = frozen_at(unit, record), unit.place.settings.evaluate_every
    written = [*points(run, unit.seed)]
    if frozen is not None:
        _check_until(frozen - record.environments, (step for step, _ in written), every)
    curve = tuple(evaluations(written, every, unit.steps))
    last = curve[-1][1] if curve else None
    stale = found.state is State.STALE
    if stale and frozen is None and record.steps_done < unit.steps:
        own = None
    else:
        own = last if frozen is not None else scored(curve, unit, score)
    return Result(
        found.state,
        own,
        last,
        frozen,
        curve,
        why=found.why,
        imported=IMPORTED in run.files(),
        module=run.path.parent.name.rpartition("-")[2],
        versions=(
            ("taxon", _of("taxon", record)),
            *((name, _of(name, record)) for name in VERSIONS),
            *_extensions(record),
            *_machine(record),
        ),
    )


def scored(curve: tuple[tuple[int, float], ...], unit: Unit, score: Score) -> float:
    """The score of a curve that reaches the end. Raises StatisticsError where it lacks evaluations."""
    steps, every = unit.steps, unit.place.settings.evaluate_every
    there = {step for step, _ in curve}
    lacking = next((step for step in range(0, steps + 1, every) if step not in there), None)
    if lacking is not None:
        raise StatisticsError(f"it has no finite return of seed {unit.seed} at step {lacking:,}")
    times, returns = [float(step) for step, _ in curve], [value for _, value in curve]
    match score.kind:
        case "final":
            return scores.final(times, returns, steps, score.fraction)
        case "auc":
            return scores.auc(times, returns, steps)
        case "best":
            return scores.best(times, returns, steps)
    raise StatisticsError(f"a run has no score `{score.kind}`")


def _check_until(last: int, steps: Iterable[int], every: int) -> None:
    """Raise StatisticsError where a seed has not been evaluated at each multiple of the cadence up to a step.

    What it returned then may be no number: it froze later.
    """
    there = {step // every for step in steps}
    lacking = next((number for number in range(last // every + 1) if number not in there), None)
    if lacking is not None:
        raise StatisticsError(f"it has no evaluation at step {lacking * every:,}, before the seed froze")


def frozen_at(unit: Unit, record: Manifest) -> int | None:
    """The step at which a unit's seed froze, where that is within its steps."""
    frozen = record.frozen.get(str(unit.seed))
    return frozen if frozen is not None and frozen <= unit.steps else None


def points(run: RunFolder, seed: int) -> Iterator[tuple[int, object]]:
    """The evaluations of a seed as its run wrote them."""
    for line in lines(run, "evaluation"):
        step = line.get("step")
        if line.get("seed") == seed and isinstance(step, int):
            yield step, line.get("return")


def evaluations(points: Iterable[tuple[int, object]], every: int, steps: int) -> Iterator[tuple[int, float]]:
    """The evaluations of a seed at the multiples of the cadence, up to so many steps.

    Where a seed has several environments, a step may pass over a multiple: what is evaluated then is that multiple's.
    The last one of a run that ended between two multiples is left out, as a longer run has none there.
    """
    before = -1
    for step, value in points:
        if step // every <= before:
            continue
        before = step // every
        if before * every > steps:
            return
        number = _number(value)
        if math.isfinite(number):
            yield before * every, number


def _number(value: object) -> float:
    """A return as it was written, NaN for what is none."""
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:  # digits by the hundred
        return math.nan


def _of(name: str, record: Manifest) -> str:
    """The versions that a run had, in the order in which it went on with them."""
    first = record.taxon if name == "taxon" else record.packages.get(name, "")
    later = [r.taxon if name == "taxon" else r.packages.get(name, "") for r in record.resumed]
    return _joined(first, *later)


def _extensions(record: Manifest) -> tuple[tuple[str, str], ...]:
    """The packages that the row's choices come from."""
    all_ = [record.extensions, *(resumed.extensions for resumed in record.resumed)]
    return (("extensions", _joined(*(" ".join(f"{name} {each[name]}" for name in sorted(each)) for each in all_))),)


def _machine(record: Manifest) -> tuple[tuple[str, str], ...]:
    machines = [record.machine, *(resumed.machine for resumed in record.resumed)]
    device = [f"{record.device} {each.accelerator or each.processor}" for each in machines]
    return (("device", _joined(*device)),)


def _joined(*values: str) -> str:
    return " then ".join(dict.fromkeys(value for value in values if value))


@dataclass(frozen=True)
class Speed:
    """What a run took: seconds of its process for each step of each of its seeds, and the process's threads."""

    seconds: float
    threads: int


def speed(run: RunFolder, record: Manifest) -> Speed | None:
    """How fast a run was, evaluations included; None where it has not said."""
    try:
        with run.reading(METRICS) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            said = [line for line in file.read(_TAIL).splitlines() if line.startswith(b'{"kind": "speed"')]
        last = json.loads(said[-1]) if said else {}
        seconds, step = last.get("seconds"), last.get("step")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(seconds, int | float) or not isinstance(step, int) or step <= 0 or not 0 < seconds < math.inf:
        return None
    return Speed(seconds / (step * len(record.seeds)), record.machine.threads)
