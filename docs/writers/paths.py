"""The closed schema: every path that may be assigned, in the order in which a row is printed."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.semantics.values import takes
from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.catalogue import places
from taxon.taxonomy.schema import Slot
from writers.choices import FOLDER, place
from writers.markdown import code, link, page, prose, table

INTRODUCTION = f"""\
Every path of the language. No other may be assigned, unset, varied or overridden with `--set`; a misspelt one is an
error with a suggestion. The seven factors of Table 1 are {", ".join(code(path) for path in FACTORS)}. What each choice
means is on the pages of the [choices](choices/index.md)."""


def write() -> str:
    own = table(["path", "level", "takes", "default", "meaning"], _own())
    vocabulary = Vocabulary(SCHEMA)
    shared = sorted(path for path in vocabulary.paths if vocabulary.is_shared(path))
    rows = ([code(path), ", ".join(code(place.path) for place in vocabulary.places(path))] for path in shared)
    return page(
        "Paths",
        INTRODUCTION,
        ["## Paths with a value of their own", own, "## Shared paths", table(["path", "sets"], rows)],
    )


def _own() -> Iterator[list[str]]:
    found: dict[str, list[Slot]] = {}
    for path, slot in places():
        found.setdefault(path, []).append(slot)
    level = ""
    for path, slots in found.items():
        level = SCHEMA[path].level if path in SCHEMA else level
        shown = link(path, f"{FOLDER}/{place(path)}") if path in SCHEMA else code(path)
        yield [shown, level, _each(map(takes, slots)), _each(map(_default, slots)), _each(prose(s.doc) for s in slots)]


def _default(slot: Slot) -> str:
    return "" if slot.default is None else code(slot.default)


def _each(texts: Iterator[str]) -> str:
    """What the parameters of one name say, of whichever choice has it."""
    return "; ".join(dict.fromkeys(text for text in texts if text))
