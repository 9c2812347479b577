"""The walk from one row to another, one choice at a time, through rows that mean something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from taxon.semantics.ladder.assembly import Assembled, Assembler
from taxon.taxonomy.difference import Difference, compare, paths_of
from taxon.taxonomy.schema import Leaf, Row

Choices = frozenset[str]
_NONE: Choices = frozenset()


@dataclass(frozen=True)
class Step:
    """Choices that move together from one row to the next, and what comes or goes with them; in the schema's order."""

    before: Row
    after: Row
    moved: tuple[str, ...]
    follows: tuple[str, ...]


def climb(left: Row, right: Row) -> list[Step]:
    """The steps from one row to another. No part of a step's choices could have moved alone.

    They follow the columns of Table 1, then the code, as far as each row on the way means something. Where choices had
    to move together, the walk is tried again with each choice that a refusal depended on before all others, and the
    finest one is kept.
    """
    between = Between(left, right)
    best = between.walk(between.choices)
    for first in between.contested() if any(len(group) > 1 for group in best) else ():
        other = between.walk((first, *(choice for choice in between.choices if choice != first)))
        best = other if len(other) > len(best) else best
    steps: list[Step] = []
    moved = _NONE
    for group in best:
        steps.append(between.step(moved, group))
        moved |= group
    return steps


class Between:
    """The rows between two rows. A choice is a path at which they differ, with the parameters below it.

    What only one of them has (a temperature that the other finds by its dual) is no choice of its own: it is there
    where it has a part.
    """

    def __init__(self, left: Row, right: Row) -> None:
        choices = [found for found in compare(left, right) if None not in found.leaves and _moves(found, left, right)]
        self.choices = tuple(choice.path for choice in choices)
        self._sides = (left, right)
        self._choice_of = {path: choice.path for choice in choices for path in _parts(choice, left, right)}
        self._assembler = Assembler()
        self._known: dict[Choices, Assembled] = {}

    def at(self, moved: Choices) -> Assembled:
        """The row at which these choices are the right row's and all others the left one's."""
        if moved not in self._known:
            given: dict[str, Leaf] = {}
            for row in self._sides:
                for path, leaf in row.leaves.items():
                    choice = self._choice_of.get(path)
                    if choice is None:
                        given.setdefault(path, leaf)
                    elif row is self._sides[choice in moved]:
                        given[path] = leaf
            self._known[moved] = self._assembler.assemble(given)
        return self._known[moved]

    def contested(self) -> list[str]:
        """The choices that a refusal met so far depended on."""
        paths = {path for found in self._known.values() for refusal in found.refusals for path in refusal}
        named = {self._choice_of.get(path) for path in paths}
        return [choice for choice in self.choices if choice in named]

    def accepts(self, moved: Choices, group: Choices) -> bool:
        """Whether moving a group of choices on leads to another row, and to one that means something."""
        after = self.at(moved | group)
        return not after.refusals and after.row != self.at(moved).row

    def step(self, moved: Choices, group: Choices) -> Step:
        """The step of a group of choices, from the row at which `moved` have moved already."""
        before, after = self.at(moved).row, self.at(moved | group).row
        changed = [difference.path for difference in compare(before, after) if difference.differs]
        follows = tuple(path for path in changed if self._choice_of.get(path) not in group)
        return Step(before, after, tuple(choice for choice in self.choices if choice in group), follows)

    def walk(self, order: Sequence[str]) -> list[Choices]:
        """The groups in which the choices move where they are tried in this order."""
        groups: list[Choices] = []
        moved = _NONE
        while group := self._next(moved, order):
            groups.append(group)
            moved |= group
        return groups

    def smallest(self, moved: Choices, first: str, order: Sequence[str]) -> Choices:
        """The smallest group with this choice that may move from a row; empty where the choice has no part in it."""
        sizes = range(1, len(self.choices) - len(moved) + 1)
        found = (self._group(moved, frozenset([first]), size, order, set()) for size in sizes)
        return next((group for group in found if group), _NONE)

    def _next(self, moved: Choices, order: Sequence[str]) -> Choices:
        """The smallest group with the first choice that has one, or what of that group may move before the rest."""
        for first in order:
            group = _NONE if first in moved else self.smallest(moved, first, order)
            if group:
                parts = (frozenset(part) for n in range(1, len(group)) for part in combinations(sorted(group), n))
                return next((part for part in parts if self.accepts(moved, part)), group)
        return _NONE

    def _group(self, moved: Choices, group: Choices, size: int, order: Sequence[str], seen: set[Choices]) -> Choices:
        """A group of this size that holds `group` and that the row accepts; empty where there is none.

        A refusal stands until something changes that its rule has read, so a larger group that is accepted holds one
        of those choices: no other needs to be tried.
        """
        seen.add(group)
        if len(group) == size:
            return group if self.accepts(moved, group) else _NONE
        refusals = self.at(moved | group).refusals
        read = [{self._choice_of.get(path) for path in refusal} - moved - group for refusal in refusals]
        fewest = min(read, key=len, default=set())
        for choice in order:
            larger = group | {choice}
            if choice in fewest and larger not in seen:
                found = self._group(moved, larger, size, order, seen)
                if found:
                    return found
        return _NONE


def _moves(choice: Difference, left: Row, right: Row) -> bool:
    """Whether the values differ: an entry of Table 1 may differ by what stands at another path."""
    parts = _parts(choice, left, right) if choice.differs else ()
    return any(left.leaves.get(path) != right.leaves.get(path) for path in parts)


def _parts(choice: Difference, *rows: Row) -> list[str]:
    """The paths that move with a choice: of a factor or a constructor, those of its parameters."""
    return [path for path in paths_of(choice.top, *rows) if f"{path}.".startswith(f"{choice.path}.")]
