"""results.csv: a line for each seed of each cell, and curves.csv: a line for each of its evaluations.

Both depend on the study and its runs alone: whenever and however often they were interrupted, the bytes are the same.
A number is written with all its digits; what is not there is empty.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxon.studies.running.plan import Line, Plan
from taxon.studies.running.results import VERSIONS, Result
from taxon.studies.running.store import State
from taxon.studies.running.units import Unit

RESULTS, CURVES = "results.csv", "curves.csv"
OF_RUN = ("taxon", *VERSIONS, "extensions", "device")
IMPORTED = "imported"  # the origin of a run that was made for another store

Results = Mapping[Unit, Result]
Floors = Mapping[str, float]  # a random policy's return by environment
Kind = type[str] | type[int] | type[float]


@dataclass(frozen=True)
class Table:
    """Columns with what they hold, and rows; None where nothing is there."""

    columns: Mapping[str, Kind]
    rows: Sequence[Sequence[str | int | float | None]]

    def csv(self) -> str:
        """As comma-separated values, with a line of heads."""
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows([[*self.columns], *self.rows])
        return written.getvalue()


def results(plan: Plan, found: Results, floors: Floors) -> Table:
    """What results.csv has. A factor's level stands below its name behind `factor:`."""
    columns: dict[str, Kind] = {
        "cell": str,
        **dict.fromkeys((f"factor:{factor.name}" for factor in plan.study.factors), str),
        "environment": str,
        "seed": int,
        "steps": int,
        "status": str,
        "score": float,
        "last": float,
        "frozen_at": int,
        "cause": str,
        "random": float,
        **dict.fromkeys(("row", "module", "origin", *OF_RUN), str),
    }
    return Table(columns, [_line(line, found[line.unit], floors) for line in plan.lines() if line.unit in found])


def curves(plan: Plan, found: Results) -> Table:
    """What curves.csv has: evaluations of the seeds that are compared."""
    columns: dict[str, Kind] = {"cell": str, "environment": str, "seed": int, "step": int, "return": float}
    return Table(
        columns,
        [
            [line.cell.name, line.cell.environment, line.unit.seed, step, value]
            for line in plan.lines()
            if line.unit in found and found[line.unit].state.complete
            for step, value in found[line.unit].curve
        ],
    )


def _line(line: Line, result: Result, floors: Floors) -> list[str | int | float | None]:
    cell, unit, versions = line.cell, line.unit, dict(result.versions)
    return [
        *(cell.name, *cell.levels, cell.environment, unit.seed, unit.steps, result.state.value),
        *(result.score, result.last, result.frozen_at, _cause(result), floors.get(cell.environment)),
        *(unit.place.program.row, result.module or None, IMPORTED if result.imported else None),
        *(versions.get(name) or None for name in OF_RUN),
    ]


def _cause(result: Result) -> str | None:
    """What froze a seed; None of one that did not freeze."""
    return result.why or None if result.state is State.FROZEN else None
