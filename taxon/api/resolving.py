"""What a spec is made from, and the row that this gives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from taxon.api.environments import Known
from taxon.diagnostics.model import Diagnostic
from taxon.semantics import codes, load_spec
from taxon.semantics.checking import place
from taxon.semantics.loading import TEXT, load
from taxon.semantics.overrides import Child
from taxon.semantics.parents import parent_of
from taxon.taxonomy.rules import check_duration, check_environment
from taxon.taxonomy.schema import Row


@dataclass(frozen=True)
class Given:
    """Where a spec comes from, and what a program has added to it.

    Attributes:
        name: a path, `path:name`, or the name of a shipped spec, as a command line has it.
        texts: what is read instead of the files at these real paths: a spec stays what it was when it was read.
        children: what was set and extended, each the child of the one before.
        called: the algorithm's name where it was given another, and its documentation.
        environment: where it runs, if that is known.
    """

    name: str
    texts: Mapping[Path, str] = field(default_factory=dict)
    children: tuple[Child, ...] = ()
    called: str | None = None
    doc: str | None = None
    environment: Known | None = None


def read(name: str) -> Given:
    """What a name stands for, with the texts of the files as they are now. Shipped specs are as they are installed."""
    path, _, shown = place(name)
    if shown.startswith("std."):
        return Given(name)
    units = load(path, shown).units
    return Given(name, {path: unit.file.source.text for path, unit in units.items()})


def written(text: str, algorithm: str | None) -> Given:
    """What a text stands for; what it imports is relative to the working folder."""
    name = TEXT if algorithm is None else f"{TEXT}:{algorithm}"
    return Given(name, {Path(os.path.realpath(TEXT)): text})


def resolved(given: Given, steps: int | None = None, done: int = 0) -> tuple[Row | None, list[Diagnostic]]:
    """The row, or None where there is an error, and all that was found.

    steps: how many a run is to make, if there is to be one, of which some may be done.
    """
    where = given.environment
    found = load_spec(
        given.name,
        env=None if where is None else where.id,
        actions=None if where is None else where.spaces[0],
        texts=given.texts,
        children=given.children,
    )
    if found.row is None:
        return None, [*map(_in_python, found.diagnostics)]
    row = replace(found.row, name=given.called or found.row.name, doc=found.row.doc if given.doc is None else given.doc)
    unfit = [] if where is None else check_environment(row, str(where.recipe), *where.spaces)
    unfit += [] if steps is None else check_duration(row, steps, done, 'steps="{}"')
    return (None if unfit else row), [*found.diagnostics, *unfit]


def parent(given: Given) -> Row | None:
    """The row that a spec changes: of what it extends, else of the spec that a program has set or extended."""
    name = parent_of(given.name, given.texts)
    if name is None and not given.children:
        return None
    other = replace(given, name=name or given.name, children=(), called=None, doc=None)
    return resolved(other)[0]


def extended(given: Given, child: Child) -> Given:
    """The child of what is given."""
    return replace(given, children=(*given.children, child))


def _in_python(found: Diagnostic) -> Diagnostic:
    """What is said of a command line, as a program has it."""
    if found.code is codes.CHOOSE_ALGORITHM and TEXT in found.help:
        return replace(found, help=found.help.replace(f"{TEXT}:", "") + ", as in taxon.parse(text, name)")
    return found
