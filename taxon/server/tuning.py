"""What may be written at the cursor within a tune: its keys and their values, what it searches, and where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from taxon.semantics.tuning.vocabulary import SEARCH, TUNE, WORDS
from taxon.semantics.vocabulary import Vocabulary
from taxon.server.context import Context, spelt
from taxon.server.describing import choice_text, slot_text
from taxon.server.item import Completion
from taxon.server.naming import below, named, words
from taxon.server.valuing import parameters, values
from taxon.server.view import Texts
from taxon.syntax import tree

_WORDS = Vocabulary(WORDS)


def in_tune(at: Context, path: Path, text: str, texts: Texts) -> Iterator[Completion]:
    """Everything that a tune takes at the cursor."""
    outer, here = at.frames[1], at.here
    if not outer.entry:
        if here is outer:
            yield from _entry(at)
    elif outer.kinds[0] == "SEARCH":
        yield from _search(at, path, text, texts)
    elif here is not outer or "EQUAL" in here.kinds:
        yield from _key(at, str(outer.entry[0]), path, text, texts)


def _entry(at: Context) -> Iterator[Completion]:
    for slot in TUNE.values():
        yield Completion(slot.name, "keyword", at.start, at.end, slot.name, slot.doc, slot_text(slot.name, slot))
    yield from words((SEARCH.name,), "keyword", at.start, at.end)


def _search(at: Context, path: Path, text: str, texts: Texts) -> Iterator[Completion]:
    outer, here = at.frames[1], at.here
    if "WITH" in outer.kinds:
        if here.opening == "LSQB":
            yield from named(at, spelt(here.entry), tree.Architecture, path, texts)
    elif "IN" not in outer.kinds:
        yield from below(at, here.entry[1:])
    elif here is outer:
        for choice in SEARCH.choices:
            if here.kinds[-1] == "IN":
                yield Completion(choice.key, "choice", at.start, at.end, choice.key, choice.doc, choice_text(choice))
    elif at.frames[2].opening == "LPAR":
        yield from parameters(at, text, _WORDS)
        yield from values(at, text, _WORDS)
    else:
        if here.opening == "LPAR":
            yield from parameters(at, text)
        yield from values(at, text)


def _key(at: Context, key: str, path: Path, text: str, texts: Texts) -> Iterator[Completion]:
    here = at.here
    if key == "base" and here.opening == "LBRACE":
        yield from named(at, spelt(here.entry[2:]), tree.Algorithm, path, texts)
    elif key in TUNE and (here.opening != "LBRACE" or "EQUAL" in here.kinds):  # not where a map's string stands
        if here.opening == "LPAR":
            yield from parameters(at, text, _WORDS)
        yield from values(at, text, _WORDS)
