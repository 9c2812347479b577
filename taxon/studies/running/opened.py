"""A study that is being run, or looked at: its plan, its folder and the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.studies import Study
from taxon.studies.running import random_return, record, table
from taxon.studies.running.plan import Asked, Plan, plan, settle
from taxon.studies.running.results import Result, read
from taxon.studies.running.store import Found, State, Store, make_folder
from taxon.studies.running.units import Unit


@dataclass
class Opened:
    """A study with the folders in which it lives; results of complete units are read once."""

    plan: Plan
    store: Store
    folder: RunFolder
    record: record.Record | None
    _known: dict[Unit, Result] = field(default_factory=dict)

    def declare(self) -> None:
        """Write study.json, before anything is run."""
        study, settings = self.plan.study, self.plan.settings
        begun = sum(found.state is not State.MISSING for found in self.look().values())
        self.record = record.declare(self.folder, self.record, study, settings, begun)

    def look(self) -> dict[Unit, Found]:
        """What there is of each unit."""
        return {unit: self.store.find(unit) for unit in self.plan.units()}

    def results(self, found: dict[Unit, Found]) -> dict[Unit, Result]:
        """The numbers of each unit."""
        for unit, each in found.items():
            if unit not in self._known or not self._known[unit].state.complete:
                self._known[unit] = read(unit, each, self.plan.study.score)
        return dict(self._known)

    def floors(self) -> dict[str, float]:
        """A random policy's return in each environment in which it was measured."""
        measured = {name: random_return.read(self.store.random(name)) for name in self.plan.study.environments}
        return {name: found.mean for name, found in measured.items() if found is not None}

    def write(self, found: dict[Unit, Found]) -> None:
        """Write results.csv and curves.csv."""
        table.write(self.folder, self.plan, self.results(found), self.floors())


def open_study(study: Study, out: Path, store: Path, asked: Asked) -> Opened:
    """A study and its folders, which are made where there are none. Raises UserError where something cannot be used."""
    folder = make_folder(out)
    before = record.read(folder)
    settings = settle(study, asked, None if before is None else before.settings)
    return Opened(plan(study, settings), Store(store), folder, before)
