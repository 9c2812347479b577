"""The entries of Table 1's seven columns: every choice of a factor, with its modifiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

from taxon.semantics.defaults import expression_of
from taxon.semantics.layers import children
from taxon.semantics.typing_ import Typed, check
from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.schema import Choice, Leaf, Origin, Row, Slot
from taxon.taxonomy.table import cell

# The numbers that stand for all others where Table 1 prints a number's kind: a parameter of a choice, and its values.
# lambda is 0 (one step), 1 (the return) or between; a constant covariance is one entry, and so are Retrace
# and a mixture of any size.
NUMBERS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("td", "lambda"): ("0", "0.5", "1"),
    ("retrace", "lambda"): ("1",),
    ("normal", "cov"): ("0.25",),
    ("mixture", "components"): ("3",),
}

_ORIGIN = Origin("spec")


@dataclass(frozen=True, eq=False)
class Entry:
    """One entry of a factor."""

    factor: str
    text: str  # as it is written in a spec
    cell: str  # as Table 1 prints it
    leaves: Mapping[str, Leaf]  # what it says; other parameters of its choices are left open

    @property
    def setting(self) -> str:
        return f"{self.factor}={self.text}"


@cache
def entries(factor: str) -> tuple[Entry, ...]:
    """Every entry of a factor: each base with each set of modifiers. The parameters that distinguish entries are those
    that have no default, by all of their choices, and those that have `NUMBERS`."""
    return tuple(_entry(factor, text) for text in _compositions(SCHEMA[factor]))


@cache
def every_entry() -> Mapping[str, tuple[Entry, ...]]:
    """The entries of all seven factors."""
    return {factor: entries(factor) for factor in FACTORS}


def _compositions(slot: Slot) -> Iterator[str]:
    for base in slot.bases:
        for text in _constructors(base):
            for count in range(len(slot.modifiers) + 1):
                for modifiers in combinations(slot.modifiers, count):
                    yield " + ".join((text, *(modifier.key for modifier in modifiers)))


def _constructors(choice: Choice) -> Iterator[str]:
    """A choice with its arguments, by position up to the last one that has to be said."""
    values: list[list[str]] = []
    said = 0
    for parameter in choice.parameters:
        numbers = NUMBERS.get((choice.key, parameter.name), ())
        if numbers or parameter.default is None:
            values.append([*_compositions(parameter), *numbers])
            said = len(values)
        else:
            values.append([parameter.default])
    for arguments in product(*values[:said]):
        yield f"{choice.key}({', '.join(arguments)})" if arguments else choice.key


def _entry(factor: str, text: str) -> Entry:
    expression = expression_of(text)
    typed = check(expression, SCHEMA[factor], factor)[0] if expression is not None else None
    if typed is None:
        raise ValueError(f"`{text}` is no entry of `{factor}`")
    leaves = {leaf.path: leaf for leaf in _leaves(factor, SCHEMA[factor], typed)}
    return Entry(factor, text, cell(Row("", "", leaves), factor, SCHEMA[factor]), leaves)


def _leaves(path: str, slot: Slot, typed: Typed) -> Iterator[Leaf]:
    yield Leaf(path, typed.value, _ORIGIN, slot)
    for parameter, key in children(typed.value, slot):
        if key in typed.below:
            yield from _leaves(f"{path}.{key}", parameter, typed.below[key])
