"""The names that are choices, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from taxon.semantics.studies.vocabulary import WORDS as OF_STUDIES
from taxon.semantics.tuning.vocabulary import WORDS as OF_TUNES
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.schema import Choice, Slot


@cache
def choices() -> frozenset[str]:
    """Every choice of a path, of a study or of a tune that is written as a name."""
    slots = (*SCHEMA.values(), *OF_STUDIES.values(), *OF_TUNES.values())
    return frozenset(choice.key for slot in slots for choice in _below(slot) if choice.key.isidentifier())


def _below(slot: Slot) -> Iterator[Choice]:
    for choice in slot.choices:
        yield choice
        for parameter in choice.parameters:
            yield from _below(parameter)
