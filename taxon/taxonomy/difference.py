"""What sets rows apart: Table 1's entries first, then the code level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.schema import LEVELS, Leaf, Row
from taxon.taxonomy.table import cells


@dataclass(frozen=True)
class Difference:
    """A path at which rows differ, or agree (`--all`); a row without it has None there.

    A factor of Table 1 whose entry differs stands for the parameters that come with it; so does a constructor that is
    replaced by another. `factor`: the sides are to be shown as entries of Table 1.
    """

    path: str
    level: str
    top: str  # the slot of the schema that the path belongs to
    leaves: tuple[Leaf | None, ...]  # one for each row
    factor: bool = False

    @property
    def left(self) -> Leaf | None:
        """The leaf of the first row."""
        return self.leaves[0]

    @property
    def right(self) -> Leaf | None:
        """The leaf of the last row."""
        return self.leaves[-1]

    @property
    def differs(self) -> bool:
        return self.factor or any(leaf != self.left for leaf in self.leaves)


def compare(*rows: Row) -> list[Difference]:
    """Every path of any row, in the order of the schema; what a larger difference implies is left out."""
    found: list[Difference] = []
    entries = [cells(row) for row in rows]
    paths = _paths(rows)
    for top, slot in SCHEMA.items():
        factor = top in FACTORS and len({entry[top] for entry in entries}) > 1
        implied: list[str] = []
        for path in paths.get(top, ()):
            if any(path.startswith(f"{above}.") for above in implied):
                continue
            leaves = tuple(row.leaves.get(path) for row in rows)
            here = Difference(path, slot.level, top, leaves, factor and path == top)
            if here.differs:
                implied.append(path)
            found.append(here)
    return found


def paths_of(top: str, *rows: Row) -> list[str]:
    """The leaves at and below a slot of the schema, of any row, a constructor before its parameters."""
    return _paths(rows).get(top, [])


def _paths(rows: Iterable[Row]) -> dict[str, list[str]]:
    """The leaves of any row by the slot of the schema that they are at or below."""
    found: dict[str, list[str]] = {}
    for path in dict.fromkeys(path for row in rows for path in row.leaves):
        found.setdefault(top_of(path), []).append(path)
    return found


@cache
def top_of(path: str) -> str:
    """The slot of the schema at a path or nearest above it."""
    return path if path in SCHEMA else top_of(path.rpartition(".")[0])


def counts(differences: Iterable[Difference]) -> dict[str, int]:
    """How many differences there are at each level."""
    differing = [difference.level for difference in differences if difference.differs]
    return {level: differing.count(level) for level in LEVELS}


def verdict(differences: Iterable[Difference]) -> str:
    """One line: `same algorithm; 1 implementation and 3 code-level differences`."""
    found = counts(differences)
    names = dict(zip(LEVELS, ("algorithm", "implementation", "code-level"), strict=True))
    differing = [f"{number} {names[level]}" for level, number in found.items() if number]
    same = [f"same {name}" for level, name in names.items() if not found[level]]
    if not found["code"]:
        same[-1] += " choices"
    parts = [", ".join(same)] if same else []
    if differing:
        listed = " and ".join([", ".join(differing[:-1]), differing[-1]] if differing[:-1] else differing)
        parts.append(f"{listed} difference{'s' * (sum(found.values()) != 1)}")
    return "; ".join(parts)
