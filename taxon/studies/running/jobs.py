"""What a study's processes do, one job each: a run is begun or goes on, or a random policy is measured."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from taxon.runtime.folder.run_folder import MODULE, RunFolder
from taxon.studies.running import random_return
from taxon.studies.running.attempts import Lease
from taxon.studies.running.store import SPEC, Found, State, Store
from taxon.studies.running.units import Unit


@dataclass(frozen=True)
class Ways:
    """How processes run, which changes no result but for its last bits.

    threads: of a process that begins. stack: how many seeds of a cell share one. save_every: as `taxon run` has it.
    keep: whether a run that is done keeps what it needs to go on. program: what is executed with `taxon`'s arguments.
    """

    device: str
    threads: int
    stack: int
    save_every: str
    keep: bool = True
    program: tuple[str, ...] = (sys.executable, "-m", "taxon")


class Job(Protocol):
    """A process's work."""

    @property
    def label(self) -> str:
        """What it is called in a message."""

    @property
    def threads(self) -> int:
        """How many cores it takes."""

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units that it runs."""

    def places(self) -> list[RunFolder]:
        """Where its attempts are recorded; it is claimed at all of them."""

    def command(self, leases: Sequence[Lease]) -> list[str]:
        """What is executed."""

    def done(self) -> bool:
        """Whether there is nothing left to do."""

    def tidy(self) -> None:
        """Remove what nobody needs once it is done."""

    def current(self) -> bool:
        """Whether what it goes on with is still what is there: who was at it before may have left something else."""


@dataclass(frozen=True)
class Training:
    """Seeds of one cell, which begin or go on together."""

    store: Store
    units: tuple[Unit, ...]
    found: Found
    ways: Ways

    @property
    def label(self) -> str:
        place, seeds = self.units[0].place, ", ".join(str(unit.seed) for unit in self.units)
        return f"{place.program.name} on {place.environment}, seed{'s' * (len(self.units) > 1)} {seeds}"

    @property
    def threads(self) -> int:
        # A run that goes on keeps the threads that it began with.
        return self.ways.threads if self.found.record is None else self.found.record.machine.threads

    def places(self) -> list[RunFolder]:
        return [self.store.attempts(unit.place, unit.seed) for unit in self.units]

    def command(self, leases: Sequence[Lease]) -> list[str]:
        first, place = self.units[0], self.units[0].place
        program = [*self.ways.program, "run"]
        both = ["--env", place.environment, "--steps", str(first.steps), "--workers", "0"]
        folder, settings = self.store.describe(place), place.settings
        if place.program.source is not None:
            both += ["--module", str(folder.path / MODULE)]
        if self.found.run is not None:
            return [*program, *both, "--resume", str(self.found.run.path)]
        return [
            *(*program, str(folder.path / SPEC), *both),
            *("--seeds", "".join(f"{unit.seed}," for unit in self.units)),
            *("--device", self.ways.device, "--compile", "on" if settings.compiled else "off"),
            *("--precision", settings.precision, "--save-every", self.ways.save_every),
            *("--eval-every", str(settings.evaluate_every), "--eval-episodes", str(settings.evaluation_episodes)),
            *("--out", str(folder.path / f"run-{first.seed}-{leases[0].number}")),
        ]

    def done(self) -> bool:
        return all(self.store.find(unit).state.complete for unit in self.units)

    def tidy(self) -> None:
        if not self.ways.keep:
            for unit in self.units:
                self.store.discard(unit)

    def current(self) -> bool:
        run = None if self.found.run is None else self.found.run.path
        return all(self.store.unfinished(unit) == run for unit in self.units)


@dataclass(frozen=True)
class Measuring:
    """A random policy in an environment."""

    store: Store
    environment: str

    @property
    def label(self) -> str:
        return f"random actions on {self.environment}"

    @property
    def units(self) -> tuple[Unit, ...]:
        return ()

    @property
    def threads(self) -> int:
        return 1

    def places(self) -> list[RunFolder]:
        return [self.store.random_attempts(self.environment)]

    def command(self, leases: Sequence[Lease]) -> list[str]:
        folder = self.store.random(self.environment)
        return [sys.executable, "-m", random_return.__name__, self.environment, str(folder.path)]

    def done(self) -> bool:
        return self.store.measured(self.environment) is not None

    def tidy(self) -> None:
        pass

    def current(self) -> bool:
        return True


def trainings(store: Store, units: Sequence[Unit], found: Mapping[Unit, Found], ways: Ways) -> list[Training]:
    """The jobs that units ask for, in the units' order: what is begun goes on, with all seeds that began with it."""
    jobs: list[Training] = []
    taken: set[Unit] = set()
    for unit in units:
        if unit in taken:
            continue
        state = found[unit]
        together: list[Unit] = [unit]
        if state.state is State.UNFINISHED and state.record is not None:
            together = [Unit(unit.place, seed, unit.steps) for seed in state.record.seeds]
        else:
            state = Found(State.MISSING)
            others = (each for each in units if each.place == unit.place and each not in taken and each != unit)
            missing = [each for each in others if found[each].state is not State.UNFINISHED]
            together += missing[: ways.stack - 1]
        taken.update(together)
        jobs.append(Training(store, tuple(together), state, ways))
    return jobs
