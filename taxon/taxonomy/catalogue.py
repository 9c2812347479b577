"""What the schema holds, as a list: every place with a value of its own, and which places and rows take a choice."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.taxonomy import SCHEMA
from taxon.taxonomy.schema import Choice, Composition, Row, Slot


def places() -> Iterator[tuple[str, Slot]]:
    """Every path that has a leaf of its own, with its slot; a parameter's once for each choice that has it."""
    waiting = [(path, slot) for path, slot in reversed(tuple(SCHEMA.items())) if not slot.spread]
    while waiting:
        path, slot = waiting.pop()
        yield path, slot
        for choice in reversed(slot.choices):
            root = parameters_of(path, choice)
            waiting += [(f"{root}.{parameter.name}", parameter) for parameter in reversed(choice.parameters)]


def parameters_of(path: str, choice: Choice) -> str:
    """The prefix under which the parameters of a choice stand: a modifier's have its name before theirs."""
    return f"{path}.{choice.key}" if choice.modifier else path


def takers(key: str) -> dict[Choice, list[str]]:
    """The choices of that spelling, each with the paths that take it."""
    found: dict[Choice, list[str]] = {}
    for path, slot in places():
        choice = slot.choice(key)
        if choice is not None:
            found.setdefault(choice, []).append(path)
    return found


def holds(row: Row, path: str, choice: Choice) -> bool:
    """Whether a row has a choice at a path: that of another choice's parameter may have the same path and key."""
    leaf = row.leaves.get(path)
    if leaf is None or leaf.slot.choice(choice.key) != choice or not isinstance(leaf.value, Composition):
        return False
    return choice.key in (leaf.value.base, *leaf.value.modifiers)
