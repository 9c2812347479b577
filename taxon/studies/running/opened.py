"""A study that is being run, or looked at: its plan, its folder and the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    _written: tuple[str, str] = ("", "")

    def declare(self) -> None:
        """Write study.json, before anything is run."""
        study, settings = self.plan.study, self.plan.settings
        begun = sum(found.state is not State.MISSING for found in self.look().values())
        self.record = record.declare(make_folder(self.out), self.record, study, settings, begun)

    def look(self) -> dict[Unit, Found]:
        """What there is of each unit that is asked for."""
        found: dict[Unit, Found] = {}
        looks = self.looks()
        while missing := [unit for unit in looks.more(found) if unit not in found]:
            found |= {unit: self.store.find(unit) for unit in missing}
        return {unit: found[unit] for unit in looks.units}

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

    def write(self, found: Mapping[Unit, Found]) -> None:
        """Write results.csv and curves.csv, where they are not what was written last."""
        results = self.results(found)
        texts = table.results(self.plan, results, self.floors()).csv(), table.curves(self.plan, results).csv()
        if texts != self._written:
            folder = make_folder(self.out)
            folder.write(table.RESULTS, texts[0].encode())
            folder.write(table.CURVES, texts[1].encode())
            self._written = texts


def open_study(study: Study, out: Path, store: Path, asked: Asked, modules: Mapping[str, str] = NONE) -> Opened:
    """A study, of which nothing is written yet; modules: the texts of edited ones by their SHA-256.

    Raises UserError where something cannot be used.
    """
    folder = existing_folder(out)
    before = None if folder is None else record.read(folder)
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
