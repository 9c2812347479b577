"""`--dry-run --probe`: how fast the runs of a study are, where no run in the store has said it.

One run of each shape is begun as the study would begin it, in a store that is removed afterwards, as many beside each
other as the study would have; each is ended when it has made updates for 20 seconds.
"""

from __future__ import annotations

import math
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taxon.runtime.errors import UserError
from taxon.runtime.folder.logging import METRICS, lines
from taxon.studies.running.attempts import OUTPUT, Lease, Observer
from taxon.studies.running.driver import Slots, surroundings
from taxon.studies.running.jobs import Training, Ways
from taxon.studies.running.launching import Child, begin
from taxon.studies.running.results import Speed
from taxon.studies.running.store import RUN, Found, State, Store
from taxon.studies.running.units import Place, Unit

SECONDS = 20.0  # of updates
PATIENCE = 300.0  # seconds until a run has made them, its compilation included
_POLL = 0.5
_FRACTIONS = re.compile(r"\b\d+(\.\d+(e-?\d+)?|e-\d+)\b")


def shape(place: Place) -> str:
    """What the speed of a run depends on: all that is said of it but its fractions, which are rates and bounds."""
    text = place.program.source or place.program.text
    return f"{place.environment}\n{place.settings}\n{_FRACTIONS.sub('x', text)}"


def shapes(units: Iterable[Unit], known: Iterable[Place]) -> dict[str, list[Unit]]:
    """The units of each shape of which no place has a known speed, in their order."""
    found: dict[str, list[Unit]] = {}
    measured = {shape(place) for place in known}
    for unit in units:
        own = shape(unit.place)
        if own not in measured:
            found.setdefault(own, []).append(unit)
    return found


def speed(said: Sequence[Mapping[str, object]], seeds: int, threads: int) -> Speed | None:
    """The speed between the first and the last of the lines at which updates had been made since the line before.

    A run with rounds makes none at most lines: so whole rounds are measured. Where there are not two such lines, it is
    that from the start on, compilation included, once there were updates at all; None before.
    """
    updated, before = [], 0.0
    for line in said:
        step, seconds, updates = (_number(line.get(name)) for name in ("step", "seconds", "updates"))
        if updates > before:
            updated.append((step, seconds))
        before = max(before, updates)
    if not updated:
        return None
    first, begun = updated[0] if len(updated) > 1 else (0.0, 0.0)
    last, ended = updated[-1]
    per_step = (ended - begun) / ((last - first) * seeds) if last > first else math.nan
    return Speed(per_step, threads) if per_step > 0 else None


def probe(
    units: Mapping[str, Sequence[Unit]], slots: Slots, ways: Ways, say: Callable[[str], None], seconds: float = SECONDS
) -> dict[str, Speed]:
    """The speed of a run of each shape. Raises UserError where a run ends before it is known."""
    waiting, running = [(own, tuple(each)) for own, each in units.items()], list[_Probe]()
    found: dict[str, Speed] = {}
    with tempfile.TemporaryDirectory(prefix="taxon-probe-") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < slots.processes:
                    own, each = waiting.pop(0)
                    first = each[0].place
                    say(f"measuring {first.program.name} on {first.environment}, {len(waiting)} to follow")
                    gpu = slots.gpu([other.gpu for other in running])
                    running.append(_begin(Path(folder) / str(len(waiting)), own, each, ways, gpu))
                time.sleep(_POLL)
                for over in [each for each in running if each.over(seconds)]:
                    running.remove(over)
                    found[over.shape] = over.end()
        finally:
            for left in running:
                left.kill()
    return found


def measure(
    units: Sequence[Unit], known: Iterable[Place], slots: Slots, ways: Ways, say: Callable[[str], None]
) -> dict[Place, float]:
    """Core-seconds of a step of a seed, of each place whose speed no run has said; known: those of which one has."""
    asked = shapes(units, known)
    found = probe(asked, slots, ways, say)
    return {unit.place: found[own].seconds * found[own].threads for own, each in asked.items() for unit in each}


@dataclass
class _Probe:
    """A run that is measured."""

    shape: str
    job: Training
    lease: Lease
    process: Child
    gpu: str
    begun: float

    def over(self, seconds: float) -> bool:
        """Whether it has made updates for so long, or will not."""
        said = self._said()
        updated = [line for line in said if _number(line.get("updates")) > 0]
        enough = bool(updated) and _number(updated[-1].get("seconds")) - _number(updated[0].get("seconds")) >= seconds
        return enough or self.process.poll() is not None or time.monotonic() - self.begun > PATIENCE

    def end(self) -> Speed:
        """Its speed. Raises UserError where it is not known."""
        self.kill()
        found = speed(self._said(), len(self.job.units), self.job.threads)
        if found is not None:
            return found
        output = self.lease.folder.read(OUTPUT, 2**24).decode("utf-8", "replace").splitlines()
        errors = [line.removeprefix("error: ") for line in output if line.startswith("error")]
        why = errors[-1] if errors else "it made no updates in its time"
        raise UserError(f"{self.job.label} could not be measured: {why}", "leave out --probe")

    def kill(self) -> None:
        """End it, and wait for that."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.process.wait()
            self.process.poll()

    def _said(self) -> list[dict[str, object]]:
        """What it said of its speed so far."""
        place = self.job.store.describe(self.job.units[0].place)
        for name in place.folders():
            run = place.folder(name) if RUN.fullmatch(name) else None
            if run is not None and METRICS in run.files():
                return list(lines(run, "speed"))
        return []


def _begin(folder: Path, own: str, units: Sequence[Unit], ways: Ways, gpu: str) -> _Probe:
    """Begin a run of the first seeds of a shape that share a process."""
    together = [unit for unit in units if unit.place == units[0].place][: ways.stack]
    job = Training(Store(folder), tuple(together), Found(State.MISSING), ways)
    leases = Observer("", math.inf).claim_all(job.places()) or []
    process = begin(job.command(leases), surroundings(job.threads, gpu), [lease.folder for lease in leases])
    return _Probe(own, job, leases[0], process, gpu, time.monotonic())


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
