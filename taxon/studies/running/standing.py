"""Where a study stands: of each cell how many seeds are done, frozen or failed, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from taxon.runtime.folder.run_folder import failure_file
from taxon.studies.running.attempts import Observer
from taxon.studies.running.opened import Opened
from taxon.studies.running.plan import Line
from taxon.studies.running.progress import Counts, count
from taxon.studies.running.store import IMPORTED, Found, State
from taxon.studies.running.units import Unit

_OPEN = (State.MISSING, State.UNFINISHED, State.STALE)  # what may be being run


@dataclass(frozen=True)
class Standing:
    """A study as it was found."""

    opened: Opened
    found: Mapping[Unit, Found]
    running: frozenset[Unit]

    @classmethod
    def of(cls, opened: Opened) -> Standing:
        """Look at the store."""
        found, observer = opened.look(), Observer("", math.inf)
        open_ = (unit for unit, each in found.items() if each.state in _OPEN)
        return cls(opened, found, frozenset(unit for unit in open_ if opened.store.held(unit, observer)))

    @property
    def counts(self) -> Counts:
        return count(self.found, len(self.running))

    def lines(self) -> Iterator[str]:
        """For a person."""
        yield f"study {self.opened.plan.study.name}: {self.counts.line()}"
        lines = self._lines()
        cells = {(line.cell.name, line.cell.environment): 0 for line in lines}
        names = [f"{name} on {environment}" for name, environment in cells]
        width = max(map(len, names), default=0)
        for (name, environment), shown in zip(cells, names, strict=True):
            own = [line.unit for line in lines if (line.cell.name, line.cell.environment) == (name, environment)]
            counts = count({unit: self.found[unit] for unit in own}, len(self.running.intersection(own)))
            yield f"  {shown:<{width}}  {counts.line()}"
        if imported := sum(map(_imported, self.found.values())):
            yield f"  imported from another store: {imported:,} of the complete runs"
        for unit, each in self.found.items():
            if each.why:
                yield f"  {each.state.value}: {unit}: {each.why}{_failure(unit, each)}"

    def data(self) -> dict[str, Any]:
        """For a program."""
        counts = self.counts
        return {
            "format_version": 1,
            "study": self.opened.plan.study.name,
            "counts": {
                "units": counts.units,
                "complete": counts.complete,
                "running": counts.running,
                "failed": counts.failed,
                "frozen": counts.frozen,
                "stale": counts.stale,
            },
            "units": [self._unit(line) for line in self._lines()],
        }

    def _lines(self) -> list[Line]:
        return [line for line in self.opened.plan.lines() if line.unit in self.found]

    def _unit(self, line: Line) -> dict[str, Any]:
        unit, found = line.unit, self.found[line.unit]
        return {
            "cell": line.cell.name,
            "environment": line.cell.environment,
            "seed": unit.seed,
            "steps": unit.steps,
            "steps_done": 0 if found.record is None else found.record.steps_done,
            "state": found.state.value,
            "running": unit in self.running,
            "imported": _imported(found),
            "run": None if found.run is None else str(found.run.path),
            "why": found.why,
        }


def _imported(found: Found) -> bool:
    return found.state in (State.DONE, State.FROZEN) and found.run is not None and IMPORTED in found.run.files()


def _failure(unit: Unit, found: Found) -> str:
    """Where it is said how the environment of a frozen seed failed, and the way out; nothing where numbers did."""
    run, file = found.run, failure_file(unit.seed)
    if found.state is not State.FROZEN or run is None or file not in run.files():
        return ""
    return f"; {run.path / file} says where: mend the environment and remove {run.path}, and the run is made again"
