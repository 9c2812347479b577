"""The walk from one row to another, one choice at a time, through rows that mean something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from taxon.semantics.assembly import Assembled, Assembler
from taxon.taxonomy.difference import compare, paths_of
from taxon.taxonomy.row import Leaf, Row

Moved = frozenset[str]


@dataclass(frozen=True)
class Step:
    """Choices that move together from one row of a ladder to the next, by their paths in the order of the schema."""

    moved: tuple[str, ...]
    row: Row


class Ladder:
    """The rows between two rows. A choice is a path at which they differ, with the parameters below it.

    What only one of them has (a temperature that the other finds by its dual) is no choice of its own: it is there
    as long as it has a part.
    """

    def __init__(self, left: Row, right: Row) -> None:
        differing = [difference for difference in compare(left, right) if difference.differs]
        self.choices = tuple(found.path for found in differing if None not in found.leaves)
        self._choice_at = {
            path: choice for choice in self.choices for path in _paths(choice, left, right)
        }
        self._sides = left.leaves, right.leaves
        self._assembler = Assembler()
        self._known: dict[Moved, Assembled] = {}

    def at(self, moved: Moved) -> Assembled:
        """The row at which these choices are the right row's and the others the left one's."""
        if moved not in self._known:
            left, right = self._sides
            given: dict[str, Leaf] = {}
            for path in (*left, *right):
                choice = self._choice_at.get(path)
                if choice is None:
                    given[path] = left.get(path) or right[path]
                else:
                    side = right if choice in moved else left
                    if path in side:
                        given[path] = side[path]
            self._known[moved] = self._assembler.assemble(given)
        return self._known[moved]

    def accepts(self, moved: Moved, more: Moved) -> bool:
        """Whether moving some more choices leads to another row, and one that means something."""
        after = self.at(moved | more)
        return not after.refusals and after.row != self.at(moved).row

    def climb(self) -> list[Step]:
        moved: Moved = frozenset()
        steps: list[Step] = []
        while group := self.group(moved):
            moved |= group
            steps.append(Step(tuple(c for c in self.choices if c in group), self.at(moved).row))
        return steps

    def group(self, moved: Moved) -> Moved:
        for choice in self.choices:
            if choice in moved: continue
            g = self.smallest_with(moved, choice)
            if not g: continue
            for k in range(1, len(g)):
                for c in combinations([x for x in self.choices if x in g], k):
                    if self.accepts(moved, frozenset(c)):
                        return frozenset(c)
            return g
        return frozenset()

    def smallest_with(self, moved: Moved, choice: str) -> Moved:
        for size in range(1, len(self.choices) - len(moved) + 1):
            seen: set[Moved] = set()
            found = self._search(moved, frozenset([choice]), size, seen)
            if found: return found
        return frozenset()

    def _search(self, moved: Moved, group: Moved, size: int, seen: set[Moved]) -> Moved:
        if group in seen: return frozenset()
        seen.add(group)
        if len(group) == size:
            return group if self.accepts(moved, group) else frozenset()
        after = self.at(moved | group)
        if after.refusals:
            asked = min((frozenset(c for p in r if (c:= self._choice_at.get(p)) and c not in moved and c not in group) for r in after.refusals), key=len)
        else:
            asked = frozenset(self.choices) - moved - group  # no change
            return frozenset()
        for c in self.choices:
            if c in asked:
                found = self._search(moved, group | {c}, size, seen)
                if found: return found
        return frozenset()


def _paths(choice, left, right):
    from taxon.taxonomy import SCHEMA
    top = max((s for s in SCHEMA if choice == s or choice.startswith(s + ".")), key=len)
    return [p for p in paths_of(top, left, right) if p == choice or p.startswith(choice + ".")]
