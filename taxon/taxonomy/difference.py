"""What sets two rows apart: Table 1's entries first, then the code level."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.row import Leaf, Row
from taxon.taxonomy.table import cells


@dataclass(frozen=True)
class Difference:
    """A path at which two rows differ, or agree (`--all`); a side without it is None.

    A factor of Table 1 whose entry differs stands for the parameters that come with it; so does a constructor that is
    replaced by another. `factor` tells that the sides are to be shown as entries of Table 1.
    """

    path: str
    level: str
    left: Leaf | None
    right: Leaf | None
    factor: bool = False

    @property
    def differs(self) -> bool:
        return self.factor or self.left != self.right


def compare(left: Row, right: Row) -> list[Difference]:
    """Every path of either row, in the order of the schema; what a larger difference implies is left out."""
    found: list[Difference] = []
    left_cells, right_cells = cells(left), cells(right)
    for top, slot in SCHEMA.items():
        factor = top in FACTORS and left_cells[top] != right_cells[top]
        implied: list[str] = []
        for path in _paths(left, right, top):
            if any(path.startswith(f"{above}.") for above in implied):
                continue
            here = Difference(path, slot.level, left.leaves.get(path), right.leaves.get(path), factor and path == top)
            if here.differs:
                implied.append(path)
            found.append(here)
    return found


def _paths(left: Row, right: Row, top: str) -> list[str]:
    """The leaves at and below a slot of the schema, of either row, a constructor before its parameters."""
    others = {path for path in SCHEMA if path.startswith(f"{top}.")}
    return [
        path
        for path in dict.fromkeys((*left.leaves, *right.leaves))
        if (path == top or path.startswith(f"{top}."))
        and not any(path == other or path.startswith(f"{other}.") for other in others)
    ]
