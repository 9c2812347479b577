"""The row as the blocks see it: choices looked up in what is registered for them, numbers by path, offers by provider.

What a choice means to the compiler is registered under its path and key: a function that adds blocks, or a small value.
A leaf that is never looked up is refused by its path, so that an unfinished choice never becomes another algorithm.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from taxon.compiler.block import Block, ContractError, Field, Section, Stored
from taxon.compiler.function import Function
from taxon.compiler.literals import number
from taxon.compiler.notation import number as tex_number
from taxon.compiler.packages import operators, register
from taxon.compiler.roles import Role
from taxon.compiler.symbols import DATA, Column
from taxon.semantics import leaf_text
from taxon.taxonomy.language import packages_of
from taxon.taxonomy.schema import Composition, Leaf, Row

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

MEANINGS: dict[str, dict[str, Any]] = {}
NUMBER = "a number"  # the key of a path that may hold one

# A choice that has no source of its own may cite one at the end of its sentence.
_CITED = re.compile(r"\(([A-Z][^()]* \d{4}[a-z]?)\)$")


def choice(path: str, *keys: str) -> Callable[[F], F]:
    """Register a function as the meaning of `path = key`; a star in the path stands for any one word."""

    def register(function: F) -> F:
        table(path, dict.fromkeys(keys, function))
        return function

    return register


def table(path: str, meanings: dict[str, Any]) -> None:
    """Register what the keys of a path mean."""
    known = MEANINGS.setdefault(path, {})
    for key, meaning in meanings.items():
        if key in known:
            raise ContractError(f"{path} = {key} is registered twice")
        known[key] = meaning


def _pattern(path: str) -> str:
    head, dot, rest = path.partition(".")
    _, more, last = rest.partition(".")
    starred = f"{head}{dot}*{more}{last}"
    return path if path in MEANINGS else starred


def _unfinished(leaf: Leaf, key: str) -> str:
    chosen = leaf.slot.choice(key)
    of = f", which {chosen.package} added," if chosen is not None and chosen.package else ""
    return f"{leaf.path} = {key}{of} has no block in the compiler: it is a choice that is not finished"


class Choices:
    """What choices add: blocks, roles, fields of state and memory, constants, methods and attributes of the agent.

    Raises ContractError where a package that the row has choices of cannot be used.
    """

    def __init__(self, row: Row) -> None:
        self.row = row
        self.packages = packages_of(row)
        register(self.packages)
        self.operators = operators(self.packages)  # beside the library's: name -> module
        self.blocks: list[Block] = []
        self.fields: list[Field] = []
        self.roles: dict[str, Role] = {}
        self.memory: list[Field] = []  # what acting keeps from step to step of an episode
        self.stored: list[Stored] = []  # columns that acting adds to the data
        self.methods: list[Function] = []  # of the agent, beside those of acting and updates
        self.constants: dict[str, tuple[str, str]] = {}
        self.attributes: list[str] = []  # lines of `__init__`
        self.helpers: dict[str, str] = {}  # functions beside the agent
        self.sections: list[Section] = []  # of what stands outside all blocks
        self._offers: dict[Callable[..., Any], Any] = {}
        self._understood: set[tuple[str, str]] = set()

    def take(self, provider: Callable[[Choices], T]) -> T:
        """What a provider offers for this row; it is made once."""
        if provider not in self._offers:
            self._offers[provider] = None
            self._offers[provider] = provider(self)
        return self._offers[provider]  # type: ignore[no-any-return]

    # ---- choices

    def meaning(self, path: str) -> Any:
        """What is registered for the choice at a path."""
        key = self._key(path)
        known = MEANINGS.get(_pattern(path), {})
        if key not in known:
            raise ContractError(_unfinished(self.row.leaves[path], key))
        self._understood.add((path, key))
        return known[key]

    def base(self, path: str) -> str:
        """The key at a path, which must be registered; empty where the row has no such path."""
        if path not in self.row:
            return ""
        self.meaning(path)
        return self._key(path)

    def _key(self, path: str) -> str:
        if path not in self.row:
            raise ContractError(f"a block reads {path}, which the row does not have")
        value = self.row[path]
        return value.base if isinstance(value, Composition) else NUMBER

    def has(self, path: str, modifier: str) -> bool:
        """Whether the choice at a path carries a modifier."""
        found = self.row.has(path, modifier)
        if found:
            self._understood.add((path, f"+ {modifier}"))
        return found

    def yes(self, path: str) -> bool:
        """Whether a truth value is there and true."""
        if path in self.row:
            self._understood.add((path, NUMBER))
        return path in self.row and self.row[path] is True

    def value(self, path: str) -> float:
        """The number at a path."""
        self._understood.add((path, NUMBER))
        return self.row.number(path)

    def count(self, path: str, absent: int = 0) -> int:
        """The integer at a path."""
        return int(self.value(path)) if path in self.row else absent

    def literal(self, path: str) -> str:
        """The number at a path as Python."""
        return number(self.value(path))

    def widths(self, path: str) -> tuple[int, ...]:
        self._understood.add((path, NUMBER))
        value = self.row[path]
        if not isinstance(value, tuple):
            raise ContractError(f"{path} holds no list")
        return value

    def refuse_unregistered(self) -> None:
        """Refuse the row where nothing is registered for one of its choices."""
        for path, leaf in self.row.leaves.items():
            if isinstance(leaf.value, Composition) and leaf.value.base not in MEANINGS.get(_pattern(path), {}):
                raise ContractError(_unfinished(leaf, leaf.value.base))

    def refuse_unread(self) -> None:
        """Refuse the row where a leaf was not understood: whatever it chooses would have no effect."""
        for path, leaf in self.row.leaves.items():
            value = leaf.value
            keys = [value.base, *(f"+ {m}" for m in value.modifiers)] if isinstance(value, Composition) else [NUMBER]
            for key in keys:
                if (path, key) not in self._understood:
                    shown = f"{path} = {key}" if key != NUMBER else f"{path} = {leaf_text(value)}"
                    raise ContractError(f"{shown} has no block in the compiler that reads it")

    # ---- what choices add

    def add(self, part: str, code: str, *writes: str, **more: Any) -> None:
        """Add a block; one that says the same as another is that other."""
        block = Block(part, code, writes, operators=frozenset(self.operators), **more)
        if block not in self.blocks:
            self.blocks.append(block)

    def constant(self, name: str, path: str, comment: str) -> str:
        """Give the number at a path a name."""
        self.constants[name] = (self.literal(path), comment)
        return name

    def derived(self, name: str, text: str, comment: str) -> str:
        """Give what follows from other constants a name."""
        self.constants[name] = (text, comment)
        return name

    def field(self, name: str, shape: str, init: str, kind: str = "Tensor") -> None:
        self.fields.append(Field(name, shape, init, kind))

    def remember(self, name: str, axes: str, init: str) -> None:
        """A field of the memory, `memory.<name>`, [S, N, axes]; a block of `act` that writes its name changes it.

        init: its value at an episode's start, over `seeds`, `environments` and `device`.
        """
        self.memory.append(Field(name, f"[S, N, {axes}]", init))

    @property
    def data(self) -> dict[str, Column]:
        """The symbols that are columns of the data."""
        return DATA | {each.symbol: each.column for each in self.stored}

    # ---- for equations

    def tex(self, path: str) -> str:
        """The number at a path in LaTeX."""
        return tex_number(self.row.number(path))

    def text(self, path: str) -> str:
        """The leaf at a path as a spec writes it: `1M`, `10k`."""
        return leaf_text(self.row[path])

    def present(self, *paths: str) -> tuple[str, ...]:
        """Those of the paths that the row has."""
        return tuple(dict.fromkeys(path for path in paths if path in self.row))

    def below(self, path: str) -> tuple[str, ...]:
        """The row's leaves at a path and below it."""
        return tuple(leaf for leaf in self.row.leaves if leaf == path or leaf.startswith(f"{path}."))

    def source(self, *paths: str) -> str:
        """The sources of the choices at these paths, each once."""
        found: list[str] = []
        for path in paths:
            leaf = self.row.leaves.get(path)
            if leaf is None or not isinstance(leaf.value, Composition):
                continue
            for key in (leaf.value.base, *leaf.value.modifiers):
                chosen = leaf.slot.choice(key)
                if chosen is not None:
                    found += chosen.source.split("; ") if chosen.source else _CITED.findall(chosen.doc)
        return "; ".join(dict.fromkeys(found))
