"""The values and parameters that may stand at the cursor: written there, each leaves a value that its path takes."""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token

from taxon.diagnostics.source import Source
from taxon.semantics.typing_ import check
from taxon.semantics.values import example, spelled, takes
from taxon.semantics.vocabulary import Vocabulary
from taxon.server.context import Context, end_of, spelt, terms
from taxon.server.describing import choice_text
from taxon.server.item import Completion
from taxon.server.view import VOCABULARY
from taxon.syntax import parse, tree
from taxon.taxonomy.schema import Choice, Slot


def values(at: Context, text: str, vocabulary: Vocabulary = VOCABULARY) -> Iterator[Completion]:
    """The choices of the term at the cursor: modifiers where another term is the base, and bases where none is.

    What stands in the term already is replaced, but for arguments that the new choice takes as well.
    """
    before = _before(at)
    if before is None or (at.here.opening == "LPAR" and at.rest[:1] and at.rest[0].type == "EQUAL"):
        return
    present, *after = terms(at.rest)
    others = [term for term in (*before, *after) if term]
    end = end_of(present[-1]) if present else at.end
    kept = text[at.end : end] if at.end > at.start else ""
    seen: set[str] = set()
    for slot in at.slots(vocabulary):
        for choice in _fitting(slot, others):
            if choice.key in seen:
                continue
            seen.add(choice.key)
            keeps = bool(kept) and choice.key.isidentifier() and _complete(choice, choice.key + kept, slot, others)
            written, until = (choice.key, at.end) if keeps else (spelled(choice), end)
            yield Completion(choice.key, "choice", at.start, until, written, choice.doc, choice_text(choice))
        if slot.boolean and not others and "true" not in seen:
            seen.add("true")
            yield from (Completion(word, "choice", at.start, end, word) for word in ("true", "false"))


def parameters(at: Context, text: str, vocabulary: Vocabulary = VOCABULARY) -> Iterator[Completion]:
    """The parameters of the constructor that are not given yet, where a name may stand; each with a value, unless one
    that it takes follows. None where an argument without a name follows, which counts from those before it."""
    if at.here.entry or any(argument and not _is_named(argument) for argument in at.following[1:]):
        return
    named = {str(argument[0]) for argument in at.given if _is_named(argument)}
    unnamed = sum(not _is_named(argument) for argument in at.here.given)
    end = end_of(at.rest[-1]) if at.rest else at.end
    renames = at.rest[:1] and at.rest[0].type == "EQUAL"
    value = text[end_of(at.rest[0]) : end] if renames else text[at.end : end] if at.start == at.end else ""
    for choice in at.constructors(vocabulary):
        for slot in choice.parameters[unnamed:]:
            if slot.name in named:
                continue
            detail = f"{slot.doc}; {slot.default} by default" if slot.default is not None else slot.doc
            said = f"takes {takes(slot)}"
            if value.strip() and _takes(slot, value):
                written = slot.name if renames else f"{slot.name} = "
                yield Completion(slot.name, "parameter", at.start, at.end, written, detail, said)
            else:
                written = f"{slot.name} = "
                yield Completion(slot.name, "parameter", at.start, end, written, detail, said, example(slot))


def _before(at: Context) -> list[list[Token]] | None:
    """The terms before the one at the cursor; None where no term begins there."""
    entry, kinds = at.here.entry, at.here.kinds
    if at.here.opening == "LBRACE":
        begun = entry[kinds.index("EQUAL") + 1 :]
    else:
        begun = entry[2:] if _is_named(entry) else entry
    *before, present = terms(begun)
    return None if present else before


def _fitting(slot: Slot, others: list[list[Token]]) -> tuple[Choice, ...]:
    """What may be added to the other terms of a sum."""
    named = [_named(slot, term) for term in others]
    if None in named:  # a number, or a word that is not finished
        return ()
    if any(choice is not None and not choice.modifier for choice in named):
        return tuple(choice for choice in slot.modifiers if choice not in named)
    return slot.bases


def _named(slot: Slot, term: list[Token]) -> Choice | None:
    """The choice that a term names, by its spelling or as a constructor."""
    text = spelt(term)
    for choice in slot.choices:
        if text in (key.replace(" ", "") for key in (choice.key, *choice.aliases)):
            return choice
    called = len(term) > 1 and term[1].type == "LPAR"
    return slot.choice(spelt(term[:1])) if called else None


def _is_named(argument: list[Token]) -> bool:
    return [token.type for token in argument[:2]] == ["NAME", "EQUAL"]


def _complete(choice: Choice, text: str, slot: Slot, others: list[list[Token]]) -> bool:
    """Whether a term is right as it stands, with every parameter that its choice cannot do without."""
    base = next((named for term in others if (named := _named(slot, term)) is not None and not named.modifier), None)
    value = _expression(f"{spelled(base)} + {text}" if base is not None else text)
    if value is None:
        return False
    typed, found = check(value, slot, "")
    prefix = f"{choice.key}." if choice.modifier else ""
    wanted = {f"{prefix}{parameter.name}" for parameter in choice.parameters if parameter.default is None}
    return typed is not None and not found and wanted <= typed.below.keys()


def _takes(slot: Slot, text: str) -> bool:
    """Whether a slot takes a value that is written so."""
    value = _expression(text)
    return value is not None and not check(value, slot, "")[1]


def _expression(text: str) -> tree.Expression | None:
    """The expression that a text is, on its own; None where it is none."""
    file, found = parse(Source("value", f"taxon 1\nalgorithm a {{\nx = {text}\n}}\n"))
    match [entry for declaration in file.declarations for entry in declaration.entries]:
        case [tree.Assignment(value=value)] if not found:
            return value
    return None
