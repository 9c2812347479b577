"""From a row to its derivation."""

from __future__ import annotations

from taxon.compiler import emit
from taxon.compiler.plan import make_plan
from taxon.derivation import acting, ascent, estep, mstep, objective, region, value
from taxon.derivation.case import Case
from taxon.derivation.places import Module
from taxon.derivation.section import Derivation, Step
from taxon.semantics import leaf_text
from taxon.taxonomy.row import Row
from taxon.taxonomy.table import cells

# In the order in which they are read.
PARTS = (objective, estep, mstep, ascent, region, value, acting)


def derive(row: Row) -> Derivation:
    """The equations of a row that `check_row` accepts, and where the module that `emit` prints computes each."""
    case = Case(row, make_plan(row))
    module = Module(emit(row))
    steps = []
    for part in PARTS:
        for section in part.sections(case):
            choices = tuple(f"{path} = {leaf_text(row[path])}" for path in section.paths)
            places = tuple(dict.fromkeys(place for anchor in section.anchors for place in module.find(anchor)))
            steps.append(Step(section, choices, places))
    return Derivation(row.name, cells(row), tuple(steps))
