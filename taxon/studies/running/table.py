"""results.csv: a line for each seed of each cell, and curves.csv: a line for each of its evaluations.

Both depend on the study and its runs alone: whenever and however often they were interrupted, the bytes are the same.
A number is written with all its digits; what is not there is empty.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from taxon.studies.running.plan import Line, Plan
from taxon.studies.running.results import VERSIONS, Result
from taxon.studies.running.units import Unit

RESULTS, CURVES = "results.csv", "curves.csv"
OF_RUN = ("taxon", *VERSIONS, "extensions", "device")

Results = Mapping[Unit, Result]
Floors = Mapping[str, float]  # a random policy's return by environment


def columns(plan: Plan) -> list[str]:
    """The heads of results.csv. A factor's level stands below its name behind `factor:`."""
    factors = [f"factor:{factor.name}" for factor in plan.study.factors]
    numbers = ["score", "last", "frozen_at", "random"]
    return ["cell", *factors, "environment", "seed", "steps", "status", *numbers, "row", "module", *OF_RUN]


def results(plan: Plan, found: Results, floors: Floors) -> str:
    """results.csv."""
    asked = (line for line in plan.lines() if line.unit in found)
    return _csv([columns(plan), *(_line(line, found[line.unit], floors) for line in asked)])


def curves(plan: Plan, found: Results) -> str:
    """curves.csv: evaluations of the seeds that are compared."""
    heads = ["cell", "environment", "seed", "step", "return"]
    return _csv(
        [
            heads,
            *(
                [line.cell.name, line.cell.environment, line.unit.seed, step, repr(value)]
                for line in plan.lines()
                if line.unit in found and found[line.unit].state.complete
                for step, value in found[line.unit].curve
            ),
        ]
    )


def _line(line: Line, result: Result, floors: Floors) -> list[object]:
    cell, unit, versions = line.cell, line.unit, dict(result.versions)
    score, last, frozen = _number(result.score), _number(result.last), result.frozen_at
    return [
        *(cell.name, *cell.levels, cell.environment, unit.seed, unit.steps, result.state.value),
        *(score, last, "" if frozen is None else frozen, _number(floors.get(cell.environment))),
        *(unit.place.program.row, result.module, *(versions.get(name, "") for name in OF_RUN)),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _csv(rows: Iterable[Iterable[object]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()
