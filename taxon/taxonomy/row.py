"""A resolved row: every leaf with its value and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taxon.diagnostics.source import Span
from taxon.taxonomy.schema import Choice, Slot


@dataclass(frozen=True)
class Composition:
    """A base choice and what `+` added to it, by their keys."""

    base: str
    modifiers: tuple[str, ...] = ()


Value = float | int | bool | tuple[int, ...] | Composition


@dataclass(frozen=True)
class Origin:
    """Which layer set a leaf: `default`, `parent`, `mixin`, `spec`, `when` or `set`, and where."""

    layer: str
    name: str = ""  # the parent, the mixin, the condition
    span: Span | None = None


@dataclass(frozen=True)
class Leaf:
    path: str
    value: Value
    origin: Origin = field(compare=False)
    slot: Slot = field(compare=False, repr=False)


@dataclass(frozen=True)
class Row:
    """An algorithm as data. Two rows are equal when their leaves are; names and origins do not count."""

    name: str = field(compare=False)
    doc: str = field(compare=False)
    leaves: Mapping[str, Leaf]

    def __getitem__(self, path: str) -> Value:
        return self.leaves[path].value

    def __contains__(self, path: object) -> bool:
        return path in self.leaves

    def base(self, path: str) -> str:
        """The base choice at a path; the empty string where the path is absent or holds a number."""
        leaf = self.leaves.get(path)
        return leaf.value.base if leaf is not None and isinstance(leaf.value, Composition) else ""

    def has(self, path: str, modifier: str) -> bool:
        """Whether the choice at a path carries a modifier."""
        leaf = self.leaves.get(path)
        return leaf is not None and isinstance(leaf.value, Composition) and modifier in leaf.value.modifiers

    def chosen(self, path: str) -> Choice | None:
        """The base choice at a path; None where the path is absent or holds a number."""
        return self.leaves[path].slot.choice(self.base(path)) if path in self.leaves else None

    def says(self, path: str, what: str) -> bool:
        """Whether the base choice at a path has a property; not where the path is absent or holds a number."""
        chosen = self.chosen(path)
        return chosen is not None and what in chosen.properties

    def number(self, path: str) -> float:
        """The number at a path (a leaf that is known to hold one)."""
        value = self.leaves[path].value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{path} holds no number")
        return value
