"""Rows of which only some leaves are decided, and what a rule says of all rows that complete them.

A rule that answers without asking for an undecided leaf gives the same answer for every completion. So whole regions
of the taxonomy are settled by one question, and what is not settled names the leaf to decide next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from typing import NamedTuple

from taxon.semantics.defaults import default_of
from taxon.semantics.layers import child
from taxon.semantics.space.entries import entries
from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.schema import Composition, Leaf, Origin, Row, Slot, Value

_ORIGIN = Origin("spec")

# What stands for the numbers of a slot, beside its default: the bounds that rules speak of are at these.
_NUMBERS = (0, 1, 2)


class UndecidedError(Exception):
    """A leaf was read that has a part in the row and is not decided."""

    def __init__(self, path: str, slot: Slot) -> None:
        super().__init__(path)
        self.path = path
        self.slot = slot


class _Answer(NamedTuple):
    """What was found at a path: a leaf, none, or what is to be decided first; and the variables that were read."""

    leaf: Leaf | None
    undecided: tuple[str, Slot] | None
    reads: set[str]


class Draft(Mapping[str, Leaf]):
    """The leaves of an undecided row.

    Variables are decided one by one: a factor, by an entry of it, or a single leaf. As in a resolved row a leaf is
    absent where the choice it belongs to is not taken or where its slot does not apply. `reads` collects the variables
    that were read, directly or for what depends on them.
    """

    def __init__(self) -> None:
        self.row = Row("", "", self)
        self.decided: dict[str, Mapping[str, Leaf]] = {}  # by variable
        self.reads: set[str] = set()
        self._found: dict[str, tuple[str, Leaf]] = {}  # by path
        self._answers: dict[str, _Answer] = {}  # by path, as long as what they have read stays decided
        self._readers: dict[str, list[str]] = {}  # the paths whose answers have read a variable
        self._open: list[str] = []  # the paths whose answers lack a decision

    def decide(self, variable: str, leaves: Mapping[str, Leaf]) -> None:
        self.decided[variable] = leaves
        self._found.update({path: (variable, leaf) for path, leaf in leaves.items()})
        for path in self._open:
            self._answers.pop(path, None)
        self._open.clear()

    def forget(self, variable: str) -> None:
        for path in self.decided.pop(variable):
            del self._found[path]
        for path in self._readers.pop(variable, ()):
            self._answers.pop(path, None)

    def decides(self, path: str) -> bool:
        """Whether the value at a path is decided, if the leaf has a part in the row."""
        return path in self._found

    def __getitem__(self, path: str) -> Leaf:
        """
        Raises:
            KeyError: the leaf has no part in the row.
            UndecidedError: that, or its value, is not decided.
        """
        leaf = self._leaf(path)
        if leaf is None:
            raise KeyError(path)
        return leaf

    def get(self, path: str, default: Leaf | None = None) -> Leaf | None:  # type: ignore[override]
        leaf = self._leaf(path)
        return default if leaf is None else leaf

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._leaf(path) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def _leaf(self, path: str) -> Leaf | None:
        """The leaf, or None where it has no part in the row. Whether it has one may be a long question, so that the
        answer is kept: other decisions leave it as it is."""
        answer = self._answers.get(path)
        if answer is None:
            outer, self.reads = self.reads, set()
            answer = self._answers[path] = self._answer(path)
            self.reads = outer
            for variable in answer.reads:
                self._readers.setdefault(variable, []).append(path)
            if answer.undecided is not None:
                self._open.append(path)
        self.reads |= answer.reads
        if answer.undecided is not None:
            raise UndecidedError(*answer.undecided)
        return answer.leaf

    def _answer(self, path: str) -> _Answer:
        try:
            slot = self._slot(path)
            if slot is None or (slot.applies is not None and slot.applies(self.row) is not None):
                return _Answer(None, None, self.reads)
        except UndecidedError as undecided:
            return _Answer(None, (undecided.path, undecided.slot), self.reads)
        if path not in self._found:
            return _Answer(None, (path, slot), self.reads)
        variable, leaf = self._found[path]
        return _Answer(leaf, None, self.reads | {variable})

    def _slot(self, path: str) -> Slot | None:
        """The slot at a path under the choices that are taken."""
        at, names = _owner(path)
        slot = SCHEMA[at]
        while names:
            leaf = self.get(at)
            found = child(leaf.value, slot, names) if leaf is not None else None
            if found is None:
                return None
            slot, key = found
            at, names = f"{at}.{key}", names[key.count(".") + 1 :]
        return slot


@cache
def _owner(path: str) -> tuple[str, tuple[str, ...]]:
    """The path of the schema that a path belongs to, and the names below it."""
    names = tuple(path.split("."))
    for length in range(len(names), 0, -1):
        if (owner := ".".join(names[:length])) in SCHEMA:
            return owner, names[length:]
    raise KeyError(path)


def options(undecided: UndecidedError) -> list[Mapping[str, Leaf]]:
    """The ways to decide a leaf: the entries of a factor; else the slot's default first, then each of its choices with
    each set of modifiers, both truth values, and numbers and a list that stand for the others."""
    path, slot = undecided.path, undecided.slot
    if path in FACTORS:
        return [entry.leaves for entry in entries(path)]
    return [{path: Leaf(path, value, _ORIGIN, slot)} for value in _values(slot)]


@cache
def _values(slot: Slot) -> tuple[Value, ...]:
    default = default_of(slot)
    found: list[Value] = [] if default is None else [default.value]
    for base in slot.bases:
        for count in range(len(slot.modifiers) + 1):
            for modifiers in combinations(slot.modifiers, count):
                found.append(Composition(base.key, tuple(modifier.key for modifier in modifiers)))
    if slot.boolean:
        found += [False, True]
    if slot.integers is not None and slot.may_be_empty:
        found.append(())
    if slot.number is not None:
        found += [number for number in _NUMBERS if number in slot.number]
    return tuple({(type(value), value): value for value in found}.values())
