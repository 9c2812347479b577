"""A tune that is being run, or looked at: its search, its folder and the store."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from taxon.semantics.tuning import Tune
from taxon.studies.running.plan import Asked, check_cadence, settle_for
from taxon.studies.running.store import Found, Store, existing_folder, make_folder
from taxon.studies.running.units import Settings, Unit
from taxon.studies.tuning import journal, record, table
from taxon.studies.tuning.search import Search
from taxon.studies.tuning.trial import State


@dataclass
class Opened:
    """A tune with the places in which it lives."""

    tune: Tune
    settings: Settings
    store: Store
    out: Path
    search: Search
    declared: bool
    _written: str = ""

    def declare(self) -> None:
        """Write tune.json, before the first trial, and let trials be proposed; to be called with the folder held."""
        folder = make_folder(self.out)
        if not self.declared:
            record.declare(folder, self.tune, self.settings)
        self.search.journal = journal.read(folder, self.tune)  # whoever held the folder until now may have added some
        self.search.proposing = True

    def claimed(self) -> AbstractContextManager[None]:
        """Hold the folder, since two searches would propose the same trials. Raises UserError where it is held."""
        return make_folder(self.out).claimed()

    def look(self) -> dict[Unit, Found]:
        """What there is of each unit of each trial that was proposed."""
        found: dict[Unit, Found] = {}
        while missing := [unit for unit in self.search.more(found) if unit not in found]:
            found |= {unit: self.store.find(unit) for unit in missing}
        return found

    @property
    def ended(self) -> int:
        """How many trials came to an end and did not fail."""
        return sum(trial.state in (State.DONE, State.PRUNED, State.REFUSED) for trial in self.search.trials)

    @property
    def complete(self) -> bool:
        """Whether these are as many as are asked for."""
        return self.ended >= self.tune.trials

    def write(self) -> None:
        """Write trials.csv, where it is not what was written last."""
        text = table.table(self.tune, self.search.trials)
        if text != self._written:
            make_folder(self.out).write(table.FILE, text.encode())
            self._written = text


def open_tune(tune: Tune, out: Path, store: Path, asked: Asked, anew: bool = False) -> Opened:
    """A tune, of which nothing is written yet. Raises UserError where something cannot be used."""
    folder = existing_folder(out)
    before = None if folder is None else record.read(folder)
    if folder is not None and before is not None:
        record.check(folder, before, tune)
    settings = settle_for([tune.steps], asked, None if before is None else before.settings)
    check_cadence(tune.steps, settings)
    runs = Store(store)

    def floors() -> Mapping[str, float]:
        measured = {name: runs.measured(name) for name in tune.environments}
        return {name: found.mean for name, found in measured.items() if found is not None}

    written = journal.read(folder, tune)
    search = Search(tune, settings, runs, written, floors, anew, proposing=False)
    return Opened(tune, settings, runs, out, search, before is not None)
