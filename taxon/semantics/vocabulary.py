"""The paths of a schema: where a dotted path leads, and what may follow a prefix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from taxon.taxonomy.schema import Slot


@dataclass(frozen=True)
class Place:
    """A path taken apart: the top-level slot that owns it, and the names below that slot.

    `slots` are the slots that the path may mean: a parameter's name can belong to several choices, and which of them
    stands there is known only once the layers are applied.
    """

    owner: str
    top: Slot
    below: tuple[str, ...]
    slots: tuple[Slot, ...]

    @property
    def path(self) -> str:
        return ".".join((self.owner, *self.below))


def descend(slot: Slot, names: tuple[str, ...]) -> tuple[Slot, ...]:
    """The parameters that `names` may mean below a slot: one for each choice that has such a parameter."""
    if not names:
        return (slot,)
    found: list[Slot] = []
    for choice in slot.choices:
        rest = names
        if choice.modifier:
            if names[0] != choice.key:
                continue
            rest = names[1:]
        for parameter in choice.parameters:
            if rest and parameter.name == rest[0]:
                found += descend(parameter, rest[1:])
    return tuple(found)


def below(slot: Slot, prefix: str) -> Iterator[str]:
    """Every path below a slot that stands at `prefix`."""
    for choice in slot.choices:
        root = f"{prefix}.{choice.key}" if choice.modifier else prefix
        for parameter in choice.parameters:
            path = f"{root}.{parameter.name}"
            yield path
            yield from below(parameter, path)


class Vocabulary:
    """A schema with what every stage needs of its paths."""

    def __init__(self, schema: Mapping[str, Slot]) -> None:
        self.schema = schema

    @cached_property
    def paths(self) -> frozenset[str]:
        """Every path that may be assigned: slots, shared paths and parameters."""
        found: set[str] = set()
        for path, slot in self.schema.items():
            for target in slot.spread or (path,):
                for deeper in (target, *below(self.schema[target], target)):
                    found.add(path + deeper.removeprefix(target))
        return frozenset(found)

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        children: dict[str, set[str]] = {"": set()}
        for path in self.paths:
            names = path.split(".")
            for i, name in enumerate(names):
                children.setdefault(".".join(names[:i]), set()).add(name)
        return {prefix: tuple(sorted(names)) for prefix, names in children.items()}

    def children(self, prefix: str) -> tuple[str, ...]:
        """The names that may follow a prefix (the empty prefix: the first names)."""
        return self._children.get(prefix, ())

    def is_shared(self, path: str) -> bool:
        """Whether a path fans out over several."""
        owner = self._owner(tuple(path.split(".")))
        return owner is not None and bool(self.schema[owner].spread)

    def places(self, path: str) -> tuple[Place, ...]:
        """Where a path leads: one place, several for a shared path, none for a path that is no leaf."""
        if path not in self.paths:
            return ()
        names = tuple(path.split("."))
        owner = self._owner(names)
        assert owner is not None  # every path starts with a slot's
        rest = names[owner.count(".") + 1 :]
        targets = self.schema[owner].spread or (owner,)
        found = (Place(target, self.schema[target], rest, descend(self.schema[target], rest)) for target in targets)
        return tuple(place for place in found if place.slots)

    def _owner(self, names: tuple[str, ...]) -> str | None:
        """The longest prefix that is a slot of the schema and leads on to the whole path."""
        for length in range(len(names), 0, -1):
            prefix = ".".join(names[:length])
            slot = self.schema.get(prefix)
            if slot is None:
                continue
            targets = slot.spread or (prefix,)
            if any(descend(self.schema[target], names[length:]) for target in targets):
                return prefix
        return None

    def ending_in(self, name: str) -> tuple[str, ...]:
        """The paths whose last name is `name`, for an error about a path that stopped short of its prefix."""
        return tuple(sorted(path for path in self.paths if path.rpartition(".")[2] == name and path != name))
