"""The closed schema: every path that may be assigned, in the order in which a row is printed."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.semantics.values import takes
from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.catalogue import places
from taxon.taxonomy.schema import Slot
from writers.choices import FOLDER, home
from writers.markdown import code, page, table

INTRODUCTION = f"""\
Every path of the language. No other may be assigned, unset, varied or overridden with `--set`; a misspelt one is an
error with a suggestion. The seven factors of Table 1 are {", ".join(code(path) for path in FACTORS)}. What each path
and each choice means is on the pages of the [choices](choices/index.md), which the headings lead to."""


def write() -> str:
    vocabulary = Vocabulary(SCHEMA)
    shared = sorted(path for path in vocabulary.paths if vocabulary.is_shared(path))
    rows = ([code(path), ", ".join(code(place.path) for place in vocabulary.places(path))] for path in shared)
    return page("Paths", INTRODUCTION, [*_own(), "## Shared paths", table(["path", "sets"], rows)])


def _own() -> Iterator[str]:
    """A table for each page of the choices, which it links to."""
    found: dict[str, dict[str, list[Slot]]] = {}
    for path, slot in places():
        found.setdefault(home(path), {}).setdefault(path, []).append(slot)
    for name, paths in found.items():
        yield f"## [`{name}`]({FOLDER}/{name}.md)"
        rows = ([code(path), _each(map(takes, slots)), _each(map(_default, slots))] for path, slots in paths.items())
        yield table(["path", "takes", "default"], rows)


def _default(slot: Slot) -> str:
    return "" if slot.default is None else code(slot.default)


def _each(texts: Iterator[str]) -> str:
    """What the parameters of one name say, of whichever choice has it."""
    return "; ".join(dict.fromkeys(text for text in texts if text))
