"""What stands under the cursor: a path with its resolved value, a choice, a parameter, or the name of a declaration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from taxon.compiler.block import ContractError
from taxon.derivation import equations
from taxon.diagnostics.model import Severity
from taxon.diagnostics.source import Span
from taxon.semantics.scope import Symbol
from taxon.semantics.studies.vocabulary import CLAIMS, STUDY
from taxon.semantics.tuning.vocabulary import SEARCH, TUNE
from taxon.server.definition import declaration_at, import_at
from taxon.server.describing import choice_text, code, leaf_line, quoted, section_text, slot_text
from taxon.server.mathematics import Mathematics
from taxon.server.view import VOCABULARY, Entry, Texts, View, entry_at, inside, view
from taxon.syntax import tree
from taxon.syntax.printing import expression as spelling
from taxon.taxonomy.rules import check_row
from taxon.taxonomy.schema import Choice, Slot
from taxon.taxonomy.table import cells

# Declarations that an import is described by; a file may hold thousands.
_MOST = 8


@dataclass(frozen=True)
class _Found:
    """Markdown or a choice, the span that it is about, and the path of the leaf that stands there."""

    what: str | Choice
    span: Span
    path: str = ""


def hover(
    path: Path, offset: int, texts: Texts, mathematics: Mathematics = Mathematics.CHARACTERS
) -> tuple[str, Span] | None:
    """Markdown about what stands at an offset, and the span that it is about; None where there is nothing to say."""
    seen = view(path, texts)
    found = _at(offset, seen)
    if found is None:
        return None
    symbol = seen.symbol_at(offset)
    said = found.what if isinstance(found.what, str) else choice_text(found.what, mathematics)
    derived = _derived(found.path, symbol, seen, mathematics) if found.path and symbol is not None else []
    return "\n\n".join([said, *derived]), found.span


def _derived(path: str, symbol: Symbol, seen: View, mathematics: Mathematics) -> list[str]:
    """What a leaf of an algorithm becomes: the sections of the derivation that it decides. A row that means nothing, or
    that the compiler does not take, has none."""
    row = seen.row(symbol) if isinstance(symbol.declaration, tree.Algorithm) else None
    if row is None or any(found.severity is Severity.ERROR for found in check_row(row)):
        return []
    try:
        found = equations(row, path)
    except ContractError:
        return []
    said = [section_text(section, mathematics) for section in found]
    return ["---", f"What it becomes in `{symbol.name}`:", *said] if said else []


def _at(offset: int, seen: View) -> _Found | None:
    named = declaration_at(seen, offset)
    if named is not None:
        symbol, span = named
        return _Found(_declaration(symbol, seen), span)
    imported = import_at(seen, offset)
    if imported is not None:
        statement, target = imported
        return _Found(_file(target, seen), statement.target.span)
    own = next((symbol for symbol in seen.scope.own(seen.library.root) if inside(symbol.span, offset)), None)
    if own is not None:
        return _Found(_declaration(own, seen), own.span)
    symbol_here = seen.symbol_at(offset)
    if symbol_here is not None and isinstance(symbol_here.declaration, tree.Study):
        said = _study(symbol_here.declaration, offset, symbol_here, seen)
        if said is not None:
            return said
    if symbol_here is not None and isinstance(symbol_here.declaration, tree.Tune):
        said = _tune(symbol_here.declaration, offset, symbol_here, seen)
        if said is not None:
            return said
    entry = None if symbol_here is None else entry_at(symbol_here.declaration.entries, offset)
    if symbol_here is None or entry is None:
        return None
    if inside(entry.path.span, offset):
        return _path(entry, offset, symbol_here, seen)
    if entry.value is None or not inside(entry.value.span, offset):
        return None
    for place in VOCABULARY.places(entry.text)[:1]:
        for slot in place.slots:
            found = _value(entry.value, slot, place.path, offset, symbol_here, seen)
            if found is not None:  # the row is that of no environment
                return replace(found, path="") if entry.conditional else found
    return None


def _study(study: tree.Study, offset: int, symbol: Symbol, seen: View) -> _Found | None:
    """What stands under the cursor in a study's own words: a key, its value, or a claim."""
    for entry in study.entries:
        if not inside(entry.span, offset):
            continue
        if isinstance(entry, tree.Claim):
            return _value(entry.value, CLAIMS, "claim", offset, symbol, seen)
        within = entry.entries if isinstance(entry, tree.When) else (entry,)
        for each in within:
            if isinstance(each, tree.Assignment) and inside(each.span, offset) and each.path.text in STUDY:
                return _key(each, STUDY[each.path.text], offset, symbol, seen)
    return None


def _tune(tune: tree.Tune, offset: int, symbol: Symbol, seen: View) -> _Found | None:
    """What stands under the cursor in a tune's own words: a key, its value, or a range."""
    for entry in tune.entries:
        if not inside(entry.span, offset):
            continue
        match entry:
            case tree.Assignment(path=path) if path.text in TUNE:
                return _key(entry, TUNE[path.text], offset, symbol, seen)
            case tree.Search(space=tree.Call() as space) if inside(space.span, offset):
                return _value(space, SEARCH, SEARCH.name, offset, symbol, seen)
    return None


def _key(entry: tree.Assignment, slot: Slot, offset: int, symbol: Symbol, seen: View) -> _Found | None:
    if inside(entry.path.span, offset):
        return _Found(slot_text(slot.name, slot), entry.path.span)
    return _value(entry.value, slot, slot.name, offset, symbol, seen)


def _file(path: Path, seen: View) -> str:
    """What a file declares: each declaration with its documentation, and an algorithm's entry in Table 1."""
    symbols = seen.scope.own(path)
    parts = [_declaration(symbol, seen) for symbol in symbols[:_MOST]]
    if not symbols:
        parts = ["it declares nothing"]
    elif len(symbols) > _MOST:
        parts.append(f"and {len(symbols) - _MOST:,} more")
    return "\n\n".join([f"**{code(seen.library.units[path].file.source.name.rpartition('/')[2])}**", *parts])


def _declaration(symbol: Symbol, seen: View) -> str:
    parts = [f"{symbol.kind} **`{symbol.name}`**"]
    if symbol.declaration.doc:
        parts.append(quoted(symbol.declaration.doc))
    row = seen.row(symbol) if isinstance(symbol.declaration, tree.Algorithm) else None
    if row is not None:
        entries = cells(row)
        width = max(map(len, entries))
        parts.append(quoted("\n".join(f"{path:{width}} | {cell or '-'}" for path, cell in entries.items())))
    return "\n\n".join(parts)


def _path(entry: Entry, offset: int, symbol: Symbol, seen: View) -> _Found | None:
    """The path up to the name under the cursor; a group only says what is below it."""
    path, span = entry.named(offset)
    places = VOCABULARY.places(path)
    if not places:
        below = VOCABULARY.children(path)
        return _Found(f"**`{path}`**: " + ", ".join(f"`{name}`" for name in below), span) if below else None
    slots = places[0].slots
    lines = [slot_text(path, slots[0]), *_resolved([place.path for place in places], symbol, seen)]
    return _Found("\n\n".join(lines), span, places[0].path)


def _resolved(paths: list[str], symbol: Symbol, seen: View) -> list[str]:
    row = seen.row(symbol) if isinstance(symbol.declaration, tree.Algorithm) else None
    return [] if row is None else [leaf_line(row.leaves[path], symbol.name) for path in paths if path in row.leaves]


def _value(value: tree.Expression, slot: Slot, path: str, offset: int, symbol: Symbol, seen: View) -> _Found | None:
    """What stands at an offset of a value of a slot at a path."""
    if isinstance(value, tree.Sum):
        term = next((term for term in value.terms if inside(term.span, offset)), None)
        return None if term is None else _value(term, slot, path, offset, symbol, seen)
    if isinstance(value, tree.Change):
        signed = next((term for term in value.terms if inside(term.span, offset)), None)
        return None if signed is None else _value(signed.modifier, slot, path, offset, symbol, seen)
    choice = slot.choice(spelling(value))
    if choice is not None:
        return _Found(choice, value.span, path)
    if not isinstance(value, tree.Call):
        return None
    choice = slot.choice(value.function.text)
    if choice is None:
        return None
    if inside(value.function.span, offset):
        return _Found(choice, value.function.span, path)
    return _argument(value, choice, f"{path}.{choice.key}" if choice.modifier else path, offset, symbol, seen)


def _argument(call: tree.Call, choice: Choice, path: str, offset: int, symbol: Symbol, seen: View) -> _Found | None:
    unnamed = 0
    for argument in call.arguments:
        name = argument.name
        if name is None:
            slot = choice.parameters[unnamed] if unnamed < len(choice.parameters) else None
            unnamed += 1
        else:
            slot = next((slot for slot in choice.parameters if slot.name == name.text), None)
        if slot is None or not inside(argument.span, offset):
            continue
        below = f"{path}.{slot.name}"
        if name is not None and inside(name.span, offset):
            said = [slot_text(below, slot), *_resolved([below], symbol, seen)]
            return _Found("\n\n".join(said), name.span, below)
        found = _value(argument.value, slot, below, offset, symbol, seen)
        return found or _Found(slot_text(below, slot), argument.span, below)
    return None
