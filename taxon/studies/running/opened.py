"""A study that is being run, or looked at: its plan, its folder and the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from taxon.runtime.errors import UserError
from taxon.semantics.studies import Study
from taxon.studies.running import record, table
from taxon.studies.running.looks import Looks
from taxon.studies.running.plan import NONE, Asked, Plan, plan, settle
from taxon.studies.running.results import Result, read
from taxon.studies.running.store import Found, State, Store, existing_folder, make_folder
from taxon.studies.running.units import Unit


@dataclass
class Opened:
    """A study with the places in which it lives; what was read once is not read again."""

    plan: Plan
    store: Store
    out: Path
    record: record.Record | None
    _known: dict[Unit, tuple[tuple[object, ...], Result]] = field(default_factory=dict)
    _written: Mapping[str, bytes] = field(default_factory=dict)

    def declare(self) -> None:
        """Write study.json, before anything is run."""
        study, settings, begun = self.plan.study, self.plan.settings, self.begun(self.look())
        self.record = record.declare(make_folder(self.out), self.record, study, settings, begun)

    def begun(self, found: Mapping[Unit, Found]) -> int:
        """Of how many units the store has a run, of whatever length.

        One that kept no checkpoint and made fewer steps than are asked for now is of no use to a unit: it is missing,
        but its results were there to be seen.
        """
        missing = {unit.place for unit, each in found.items() if each.state is State.MISSING}
        seeds = {place: {seed for _, run in self.store.begun(place) for seed in run.seeds} for place in missing}
        return sum(each.state is not State.MISSING or unit.seed in seeds[unit.place] for unit, each in found.items())

    def look(self) -> dict[Unit, Found]:
        """What there is of each unit that is asked for."""
        found: dict[Unit, Found] = {}
        looks = self.looks()
        while missing := [unit for unit in looks.more(found) if unit not in found]:
            found |= {unit: self.store.find(unit) for unit in missing}
        return self.checked({unit: found[unit] for unit in looks.units})

    def checked(self, found: Mapping[Unit, Found]) -> dict[Unit, Found]:
        """The same, broken where a run has ended and its evaluations are not all there."""
        results = self.results(found)
        return {unit: replace(each, state=results[unit].state, why=results[unit].why) for unit, each in found.items()}

    def looks(self) -> Looks:
        """Which units are asked for, from the first look on."""
        return Looks(self.plan, self.results, self.floors)

    def results(self, found: Mapping[Unit, Found]) -> dict[Unit, Result]:
        """The numbers of each unit."""
        for unit, each in found.items():
            run = None if each.run is None else each.run.path
            mark = (each.state, each.why, run, None if each.record is None else each.record.steps_done)
            if unit not in self._known or self._known[unit][0] != mark:
                self._known[unit] = (mark, read(unit, each, self.plan.study.score))
        return {unit: self._known[unit][1] for unit in found}

    def floors(self) -> dict[str, float]:
        """A random policy's return in each environment in which it was measured."""
        measured = {name: self.store.measured(name) for name in self.plan.study.environments}
        return {name: found.mean for name, found in measured.items() if found is not None}

    def tables(self, found: Mapping[Unit, Found]) -> dict[str, bytes]:
        """results.csv and curves.csv, by their names."""
        results = self.results(found)
        made = {table.RESULTS: table.results(self.plan, results, self.floors())}
        made[table.CURVES] = table.curves(self.plan, results)
        return {name: each.csv().encode() for name, each in made.items()}

    def write(self, found: Mapping[Unit, Found]) -> None:
        """Write the tables, where they are not what was written last."""
        tables = self.tables(found)
        if tables != self._written:
            folder = make_folder(self.out)
            for name, content in tables.items():
                folder.write(name, content)
            self._written = tables


def open_study(study: Study, out: Path, store: Path, asked: Asked, modules: Mapping[str, str] = NONE) -> Opened:
    """A study, of which nothing is written yet; modules: the texts of edited ones by their SHA-256.

    Raises UserError where something cannot be used, or where the folder is another study's.
    """
    folder = existing_folder(out)
    before = None if folder is None else record.read(folder)
    if folder is not None and before is not None:
        record.check(folder, before, study)
    settings = settle(study, asked, None if before is None else before.settings)
    return Opened(plan(study, settings, modules), Store(store), out, before)


def check_bases(study: Study, names: Iterable[str]) -> None:
    """Raise UserError where one of the names is no base that a study compares, or where it varies more than bases."""
    for name in names:
        bases = next((factor.levels for factor in study.factors if factor.about == "base"), ())
        if name not in bases:
            known = f"it compares {', '.join(bases)}" if bases else f"write `base = [std.sac, {name}]` in it"
            raise UserError(f"study {study.name} has no base {name} among others", known)
        others = [factor.name for factor in study.factors if factor.about != "base"]
        if others:
            message = f"study {study.name} varies {others[0]} too, and an edited module is one program"
            raise UserError(message, "make a study of the bases alone")
