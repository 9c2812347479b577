"""What a path of the language may hold, slots and choices with their parameters, and a row of what paths hold.

A `Slot` is one path (`pi_q.update`) or one parameter of a constructor (`samples`). It says which values it takes: a
number, a truth value, a list of integers, or a `Choice` from a closed set. A choice may have parameters, which are
slots again, so `pi_q.update.trust_region.kl` is a path like any other. The schema holds data only; the checker, the
compiler, completion and the documentation read it from here. A slot may apply to some rows alone, and a row's leaves
have their slots, so that both stand here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from taxon.diagnostics.source import Span
from taxon.taxonomy.ranges import Range

# Why a slot has no effect in a row, or None where it applies.
Applies = Callable[["Row"], str | None]

# A cell of Table 1: a text, or a function of the row and the path the choice stands at.
Term = str | Callable[["Row", str], str]

# The headings of Table 1, and what it leaves out: a slot belongs to one of them.
LEVELS = ("algorithm", "implementation", "code")


@dataclass(frozen=True)
class Choice:
    """One member of a closed set.

    `key` is the canonical spelling: a name that may take parameters (`analytic`), or a fixed phrase (`Q[pi_p]`,
    `cov(s)`). A modifier is added to a base choice with `+`. `PROPERTIES` says what each property means, `CAPABILITIES`
    what each capability of a distribution is.
    """

    key: str
    doc: str
    parameters: tuple[Slot, ...] = ()
    modifier: bool = False
    aliases: tuple[str, ...] = ()  # other spellings that mean the same
    term: Term = ""  # how Table 1 of Furuta et al. 2021 prints it
    leads: bool = False  # a modifier that Table 1 prints before its base ("Mixture + SG")
    equation: str = ""
    source: str = ""
    bases: tuple[str, ...] = ()  # of a modifier: the choices that it goes with in some row; none said means all
    operator: str = ""  # what implements it in taxon.operators or taxon.networks: a function, or a file of several
    properties: frozenset[str] = frozenset()  # what rules and other choices may read of it, never its name
    capabilities: frozenset[str] = frozenset()  # of a distribution
    keeps: frozenset[str] = frozenset()  # of a distribution over another at `base`: what it keeps of that one's
    package: str = ""  # the installed package that added it; of taxon itself where there is none


@dataclass(frozen=True, eq=False)  # a slot is equal to itself alone, and found at once by what is kept of it
class Slot:
    """One path, or one parameter of a constructor.

    `default` is a value in the language's own text, or None where the row must say. `spread` names the prefix under
    which a shared path fans out: setting `network.activation` sets it for every network of the row.
    """

    name: str
    doc: str
    default: str | None = None
    number: Range | None = None
    boolean: bool = False
    integers: Range | None = None
    may_be_empty: bool = False  # of a list of integers
    choices: tuple[Choice, ...] = ()
    applies: Applies | None = None
    spread: tuple[str, ...] = ()  # a path that sets these paths instead of a leaf of its own
    level: str = "code"  # one of LEVELS

    def choice(self, key: str) -> Choice | None:
        """The choice of that spelling or alias."""
        return self._spelled.get(key)

    @cached_property
    def _spelled(self) -> Mapping[str, Choice]:
        """The choices by every spelling; the first of two that share one."""
        found: dict[str, Choice] = {}
        for choice in self.choices:
            for spelling in (choice.key, *choice.aliases):
                found.setdefault(spelling, choice)
        return found

    @property
    def bases(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if not choice.modifier)

    @property
    def modifiers(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if choice.modifier)


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
        leaf = self.leaves.get(path)  # read once: whether it applies may be a long question
        return leaf.slot.choice(leaf.value.base) if leaf is not None and isinstance(leaf.value, Composition) else None

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
