"""The evaluations of runs that may still be going on, read again as they grow."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from taxon.runtime.errors import UserError
from taxon.runtime.folder.logging import METRICS
from taxon.studies.running.results import evaluations, frozen_at, points
from taxon.studies.running.store import Found, State, Store
from taxon.studies.running.units import Unit
from taxon.studies.tuning.scoring import Curve

_PATIENCE = 1.0  # seconds


@dataclass
class Curves:
    """The curves of units, as far as any of their runs came: on the CPU all runs of a unit make the same one."""

    store: Store
    known: dict[tuple[Path, Unit], tuple[tuple[int, bool], Curve]] = field(default_factory=dict)
    seen: dict[Unit, tuple[State, float, Curve]] = field(default_factory=dict)  # as what, when, and what was read

    def of(self, unit: Unit, there: Found) -> Curve:
        """The longest curve of a unit, which is read once in so many seconds, and when its state changes."""
        state, when, curve = self.seen.get(unit, (None, 0.0, None))
        if curve is None or state is not there.state or time.monotonic() - when >= _PATIENCE:
            curve = self._longest(unit)
            self.seen[unit] = (there.state, time.monotonic(), curve)
        return curve

    def _longest(self, unit: Unit) -> Curve:
        found = [Curve({}, False)]
        for run, record in self.store.begun(unit.place):
            if unit.seed not in record.seeds:
                continue
            try:
                with run.reading(METRICS) as file:
                    size = os.fstat(file.fileno()).st_size
                frozen = frozen_at(unit, record) is not None
                mark, key = (size, frozen), (run.path, unit)
                if key not in self.known or self.known[key][0] != mark:
                    every = unit.place.settings.evaluate_every
                    returns = {
                        step // every: value for step, value in evaluations(points(run, unit.seed), every, unit.steps)
                    }
                    self.known[key] = (mark, Curve(returns, frozen))
                found.append(self.known[key][1])
            except (OSError, UserError):
                continue  # it has not begun to write, or cannot be read: then its state says so
        return max(found, key=lambda curve: (len(curve.returns), curve.frozen))
