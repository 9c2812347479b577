"""How far a study is, in a line, and how long what is left of it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from taxon.studies.running.results import speed
from taxon.studies.running.store import Found, State, Store
from taxon.studies.running.units import Place, Unit


@dataclass(frozen=True)
class Counts:
    """How many units there are of each state; `complete` ones are done, frozen ones included."""

    units: int
    complete: int
    running: int
    failed: int
    frozen: int
    stale: int

    def line(self, left: float | None = None) -> str:
        """`37/240 done · 2 running · 1 failed · 3 frozen † · 5 h 12 min left`; left: seconds."""
        parts = [f"{self.complete:,}/{self.units:,} done"]
        parts += [f"{self.running:,} running"] if self.running else []
        parts += [f"{self.failed:,} failed"] if self.failed else []
        parts += [f"{self.frozen:,} frozen †"] if self.frozen else []
        parts += [f"{self.stale:,} stale"] if self.stale else []
        parts += [f"{duration(left)} left"] if left is not None and self.complete < self.units else []
        return " · ".join(parts)


def count(found: Mapping[Unit, Found], running: int) -> Counts:
    """The counts of units as they were found; running: how many are being run."""
    states = Counter(each.state for each in found.values())
    return Counts(
        units=len(found),
        complete=states[State.DONE] + states[State.FROZEN],
        running=running,
        failed=states[State.FAILED] + states[State.BROKEN],
        frozen=states[State.FROZEN],
        stale=states[State.STALE],
    )


def duration(seconds: float) -> str:
    """`5 h 12 min`, `12 min`, `40 s`."""
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60:,} h {minutes % 60} min"
    return f"{minutes} min" if seconds >= 60 else f"{max(1, round(seconds))} s"


@dataclass
class Costs:
    """Core-seconds of an environment step of a seed, as the runs in the store took; of a GPU's runs, of that GPU."""

    store: Store
    places: Iterable[Place]
    known: dict[Place, float] = field(default_factory=dict)
    probed: dict[Place, float] = field(default_factory=dict)  # of those that no run has said, measured for it
    _settled: set[Place] = field(default_factory=set)  # of which a whole run is known

    def read(self) -> None:
        """Read how fast runs are, of each place until one of its runs has finished."""
        for place in self.places:
            for run, record in () if place in self._settled else self.store.begun(place):
                found = speed(run, record)
                if found is None:
                    continue
                self.known[place] = found.seconds * found.threads
                if record.status == "finished":
                    self._settled.add(place)
                    break

    def of(self, place: Place) -> float | None:
        """A place's own cost, else the mean of those in its environment, else of all; None where none is known."""
        all_ = self.probed | self.known
        if place in all_:
            return all_[place]
        near = [cost for other, cost in all_.items() if other.environment == place.environment]
        return fmean(near or all_.values()) if all_ else None

    def left(self, found: Mapping[Unit, Found]) -> float | None:
        """Core-seconds that the units take which can still be run; None where no speed is known."""
        total = 0.0
        for unit, each in found.items():
            if each.state not in (State.MISSING, State.UNFINISHED):
                continue
            cost = self.of(unit.place)
            if cost is None:
                return None
            done = 0 if each.record is None else each.record.steps_done
            total += cost * max(0, unit.steps - done)
        return total
