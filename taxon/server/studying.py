"""What may be written at the cursor within a study: its keys and their values, what it varies, and what it claims."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from taxon.semantics.studies.vocabulary import BY_ENVIRONMENT, CLAIMS, MARGINS, OF_LADDERS, STUDY, WORDS
from taxon.semantics.values import spelled
from taxon.semantics.vocabulary import Vocabulary
from taxon.server.context import Context, spelt
from taxon.server.describing import choice_text, slot_text
from taxon.server.item import Completion
from taxon.server.naming import below, named, words
from taxon.server.valuing import parameters, values
from taxon.server.view import VOCABULARY, Texts, view
from taxon.syntax import tree
from taxon.syntax.printing import expression
from taxon.taxonomy.schema import Slot

_KEYWORDS = ("vary", "claim", "when", "exclude")
_WORDS = Vocabulary(WORDS)


def in_study(at: Context, path: Path, text: str, texts: Texts) -> Iterator[Completion]:
    """Everything that a study takes at the cursor."""
    outer, here = at.frames[1], at.here
    if here is outer and "EQUAL" not in here.kinds:
        yield from _entry(at)
        return
    begins = outer.entry[0] if outer.entry else None
    if begins is None or begins.type == "WHEN" or (begins == "exclude" and len(at.frames) > 2):
        yield from _block(at, path, text, texts)
    elif begins.type == "VARY":
        yield from _vary(at, path, text, texts)
    elif begins.type == "CLAIM":
        yield from _claim(at, path, text, texts)
    else:
        yield from _key(at, str(begins), path, text, texts)


def _entry(at: Context) -> Iterator[Completion]:
    kinds = at.here.kinds
    if not kinds:
        for slot in STUDY.values():
            yield Completion(slot.name, "keyword", at.start, at.end, slot.name, slot.doc, slot_text(slot.name, slot))
        yield from words(_KEYWORDS, "keyword", at.start, at.end)
    elif kinds == ["WHEN"]:
        yield from words(("env",), "keyword", at.start, at.end)
    elif kinds[0] == "VARY":
        yield from below(at, at.here.entry[1:])


def _key(at: Context, key: str, path: Path, text: str, texts: Texts) -> Iterator[Completion]:
    here = at.here
    if key == "base" and here.opening in ("LBRACE", "LSQB"):
        yield from named(
            at, spelt(here.entry if here.opening == "LSQB" else here.entry[2:]), tree.Algorithm, path, texts
        )
    elif key == "ladder" and here.opening == "LPAR":
        given = [argument for argument in at.given if argument]
        if len(here.given) < 2 and "EQUAL" not in here.kinds:
            yield from named(at, spelt(here.entry), tree.Algorithm, path, texts)
        elif not here.entry:
            named_already = {str(argument[0]) for argument in given if len(argument) > 1}
            yield from _parameters(at, ("orders", "together"), STUDY["ladder"].choices[0].parameters, named_already)
        elif here.entry[0] == "orders":
            yield from words(("ends",), "choice", at.start, at.end)
    elif key in STUDY and (here.opening != "LBRACE" or "EQUAL" in here.kinds):  # not where a map's string stands
        if here.opening == "LPAR":
            yield from parameters(at, text, _WORDS)
        yield from values(at, text, _WORDS)


def _parameters(at: Context, names: tuple[str, ...], slots: tuple[Slot, ...], given: set[str]) -> Iterator[Completion]:
    for slot in slots:
        if slot.name in names and slot.name not in given:
            yield Completion(slot.name, "parameter", at.start, at.end, f"{slot.name} = ", slot.doc)


def _vary(at: Context, path: Path, text: str, texts: Texts) -> Iterator[Completion]:
    outer, here = at.frames[1], at.here
    if "WITH" in outer.kinds:
        if here.opening == "LSQB":
            yield from named(at, spelt(here.entry), tree.Architecture, path, texts)
    elif here is outer:
        yield from below(at, here.after("EQUAL") or [])
    elif here.opening == "LSQB" and here.kinds[:1] in (["PLUS"], ["MINUS"]):
        if here.kinds[-1] in ("PLUS", "MINUS"):
            yield from _modifiers(at, adding=here.kinds[-1] == "PLUS")
    else:
        if here.opening == "LPAR":
            yield from parameters(at, text)
        yield from values(at, text)


def _modifiers(at: Context, adding: bool) -> Iterator[Completion]:
    """What a level adds to the base's own value, or takes away from it."""
    for slot in at.slots(VOCABULARY):
        for choice in slot.modifiers:
            written = spelled(choice) if adding else choice.key
            yield Completion(choice.key, "choice", at.start, at.end, written, choice.doc, choice_text(choice))


def _claim(at: Context, path: Path, text: str, texts: Texts) -> Iterator[Completion]:
    outer, here = at.frames[1], at.here
    factors = _factors(at, path, texts)
    if here is outer:
        ladder = not factors
        for choice in CLAIMS.choices:
            if len(here.entry) == 3 and (choice.key in OF_LADDERS) == ladder:
                yield Completion(choice.key, "choice", at.start, at.end, choice.key, choice.doc, choice_text(choice))
        return
    call = at.frames[2]
    kind = CLAIMS.choice(spelt(outer.entry[3:4]))
    if kind is None:
        return
    if here is call and not here.entry:
        given = {str(argument[0]) for argument in at.given if argument}
        yield from words((name for name in factors if name not in given), "name", at.start, at.end)
        margin = any(name in given for name in MARGINS)
        open_ = tuple(slot.name for slot in kind.parameters if not (margin and slot.name in MARGINS))
        yield from _parameters(at, open_, kind.parameters, given)
    elif call.kinds[1:2] == ["EQUAL"] and (here is not call or len(here.entry) == 2):
        first = str(call.given[0][0]) if call.given and call.given[0] else ""
        name = str(call.entry[0])
        levels = factors.get(first if name == "levels" else name, [])
        if here is call or not here.entry:
            yield from words(levels, "choice", at.start, at.end)


def _block(at: Context, path: Path, text: str, texts: Texts) -> Iterator[Completion]:
    """Within `when` or `exclude`."""
    outer, here = at.frames[1], at.here
    if len(at.frames) < 3:
        return
    if outer.kinds[:1] == ["WHEN"]:
        if here is at.frames[2] and not here.entry:
            slots = (STUDY[name] for name in BY_ENVIRONMENT)
            for slot in slots:
                yield Completion(slot.name, "keyword", at.start, at.end, slot.name, slot.doc)
        elif here.opening == "LPAR":
            yield from parameters(at, text, _WORDS)
        elif "EQUAL" in here.kinds:
            yield from values(at, text, _WORDS)
        return
    factors = _factors(at, path, texts)
    if not here.entry:
        yield from words(factors, "name", at.start, at.end)
    elif here.kinds[-1] == "EQUAL":
        yield from words(factors.get(spelt(here.entry[:-1]), []), "choice", at.start, at.end)


def _factors(at: Context, path: Path, texts: Texts) -> dict[str, list[str]]:
    """The factors of the study around the cursor, and their levels as they are written."""
    symbol = view(path, texts).symbol_at(at.start)
    found: dict[str, list[str]] = {}
    if symbol is None or not isinstance(symbol.declaration, tree.Study):
        return found
    for entry in symbol.declaration.entries:
        match entry:
            case tree.Assignment(path=key, value=tree.List(items=items)) if key.text == "base":
                found["base"] = [expression(item) for item in items]
            case tree.Vary(name=name, path=varied, values=tree.List(items=items)):
                found[varied.text if name is None else name.text] = [expression(item) for item in items]
            case tree.Mixed(name=name, mixins=tree.List(items=items)):
                found[name.text] = [expression(item) for item in items]
    return found
