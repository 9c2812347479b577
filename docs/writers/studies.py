"""The page of studies and tunes: every key and what it takes, what a claim may be, and where a tune searches."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.derivation.formulas import formulas
from taxon.semantics.studies.vocabulary import CLAIMS, STUDY
from taxon.semantics.tuning.vocabulary import SEARCH, TUNE
from taxon.semantics.values import takes
from taxon.taxonomy.schema import Choice, Slot
from writers.markdown import code, page, prose, sentence, table

INTRODUCTION = """\
Every key of a study with what it takes, and every kind of claim, as `taxon explain KEY` and `taxon explain claim` print
them; then those of a tune, and the ranges that it may search. How they go together is told in
[the language](../language.md#studies), and for tunes in [tuning](../tuning.md)."""


def write() -> str:
    keys = [part for slot in STUDY.values() for part in _slot(slot)]
    claims = [part for choice in CLAIMS.choices for part in _choice(choice)]
    tuning = [part for slot in TUNE.values() if slot not in STUDY.values() for part in _slot(slot)]
    tuning = ["## Keys of a tune", *tuning, "## Searches", *_slot(SEARCH)]
    return page("Studies and tunes", INTRODUCTION, ["## Keys", *keys, "## Claims", *claims, *tuning])


def _slot(slot: Slot) -> Iterator[str]:
    yield f"### `{slot.name}`"
    taken = f" Takes {takes(slot)}." if takes(slot) else ""
    default = "" if slot.default is None else f" Default: {code(slot.default)}."
    yield f"{sentence(slot.doc)}.{taken}{default}"
    for choice in slot.choices:
        yield from _choice(choice)


def _choice(choice: Choice) -> Iterator[str]:
    yield f"**{code(choice.key)}**: {prose(choice.doc)}."
    if choice.equation:
        yield formulas(choice)
    yield table(["parameter", "takes", "default", "meaning"], (_parameter(slot) for slot in choice.parameters))
    if choice.source:
        yield f"- Source: {prose(choice.source)}."


def _parameter(slot: Slot) -> list[str]:
    default = "" if slot.default is None else code(slot.default)
    return [code(slot.name), takes(slot), default, prose(slot.doc)]
