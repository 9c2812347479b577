"""A row put together from leaves, as `resolve` would from the text that sets them, and what each answer depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taxon.semantics.defaults import default_of
from taxon.semantics.layers import children
from taxon.semantics.typing_ import Typed
from taxon.semantics.watched import Watched, closed
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.rules import every_rule
from taxon.taxonomy.schema import Leaf, Origin, Row, Slot


@dataclass(frozen=True)
class Assembled:
    """A row, and for each reason why it means nothing the paths that this reason depends on."""

    row: Row
    refusals: tuple[frozenset[str], ...]


class Assembler:
    """Puts rows together. The schema's defaults are typed once."""

    def __init__(self) -> None:
        self._defaults: dict[int, Typed | None] = {}

    def assemble(self, given: Mapping[str, Leaf]) -> Assembled:
        """The row that holds these leaves where they have a part and defaults elsewhere, and what refuses it."""
        leaves = Watched()
        for path, slot in SCHEMA.items():
            if not slot.spread:
                self._expand(path, slot, self._default(slot), given, leaves)
        row = Row("", "", leaves)
        because = _drop(row, leaves)
        refusals: list[set[str]] = []
        for rule in every_rule():
            leaves.read = set()
            if rule.check(row) is not None:
                refusals.append(leaves.read)
        return Assembled(row, tuple(frozenset(closed(read, because)) for read in refusals))

    def _default(self, slot: Slot) -> Typed | None:
        if id(slot) not in self._defaults:
            self._defaults[id(slot)] = default_of(slot)
        return self._defaults[id(slot)]

    def _expand(
        self, path: str, slot: Slot, default: Typed | None, given: Mapping[str, Leaf], leaves: dict[str, Leaf]
    ) -> None:
        leaf = given.get(path)
        if leaf is None:
            assert default is not None  # what has no default is given by every complete row
            leaf = Leaf(path, default.value, Origin("default"), slot)
        else:
            default = None
        leaves[path] = leaf
        for parameter, key in children(leaf.value, slot):
            implied = default.below.get(key) if default is not None else None
            self._expand(f"{path}.{key}", parameter, implied or self._default(parameter), given, leaves)


def _drop(row: Row, leaves: Watched) -> dict[str, set[str]]:
    """Drop what has no part in the row; the paths that decided it, for every path that was in question."""
    because: dict[str, set[str]] = {}
    questions = {path: leaf for path, leaf in leaves.items() if leaf.slot.applies is not None}
    changed = True
    while changed:
        changed = False
        for path, leaf in questions.items():
            if not dict.__contains__(leaves, path):
                continue
            leaves.read = set()
            if leaf.slot.applies is not None and leaf.slot.applies(row) is not None:
                changed = True
                _remove(path, leaves)
            because.setdefault(path, set()).update(leaves.read)
    return because


def _remove(path: str, leaves: Watched) -> None:
    """A leaf and its parameters. A modifier may share its name with a parameter, so paths are not enough."""
    leaf = leaves.pop(path)
    for _, key in children(leaf.value, leaf.slot):
        if f"{path}.{key}" in leaves:
            _remove(f"{path}.{key}", leaves)
