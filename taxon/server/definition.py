"""Where a name leads: through `extends`, `with`, `import` and the `base` of a study or a tune; and from a path to what
it replaces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from taxon.diagnostics.source import Span
from taxon.semantics.compose import Composer
from taxon.semantics.layers import Held, Layer, Settings, Target, apply
from taxon.semantics.scope import Symbol
from taxon.semantics.vocabulary import Place
from taxon.server.view import VOCABULARY, Texts, View, entry_at, inside, path_of, references, view
from taxon.syntax import tree

Found = tuple[Path, Span]


def definition(path: Path, offset: int, texts: Texts) -> list[Found]:
    """The files and the spans of what stands at an offset: of a name, its declaration or the start of its file; of a
    path, the values that the layers below had set there. A path shared by several networks may replace one of each."""
    seen = view(path, texts)
    found = declaration_at(seen, offset)
    if found is not None:
        return [_place(found[0].span)]
    imported = import_at(seen, offset)
    if imported is not None:
        return [(imported[1], Span(seen.library.units[imported[1]].file.source, 0, 0))]
    return [_place(span) for span in dict.fromkeys(_replaced(seen, offset))]


def declaration_at(seen: View, offset: int) -> tuple[Symbol, Span] | None:
    """The declaration that the name at an offset means, and that name's span."""
    if seen.unit is None:
        return None
    for declaration in seen.unit.file.declarations:
        for reference, kind in references(declaration):
            if inside(reference.span, offset):
                symbol = seen.scope.find(reference, seen.unit, kind)
                return None if symbol is None else (symbol, reference.span)
    return None


def import_at(seen: View, offset: int) -> tuple[tree.Import, Path] | None:
    """The `import` at an offset and the file that it leads to, if that can be read."""
    for statement, target in seen.unit.imports if seen.unit is not None else ():
        if inside(statement.span, offset) and target in seen.library.units:
            return statement, target
    return None


def _place(span: Span) -> Found:
    return path_of(span.source), span


def _replaced(seen: View, offset: int) -> Iterator[Span]:
    """The spans of the values that the entry whose path is at an offset replaces, or takes back."""
    symbol = seen.symbol_at(offset)
    entry = None if symbol is None else entry_at(symbol.declaration.entries, offset)
    if symbol is None or entry is None or not inside(entry.path.span, offset):
        return
    settings = _met(seen, symbol, entry.conditional)
    if settings is None:
        return
    for place in VOCABULARY.places(entry.named(offset)[0]):
        held = _setter(settings.held, place)
        if held is not None:
            yield held.span


def _met(seen: View, symbol: Symbol, conditional: bool) -> Settings | None:
    """What is set where an entry applies: the base of a study or a tune, the layers below a body, or those below a
    `when` block."""
    composer = Composer(seen.scope, VOCABULARY, Target())
    if isinstance(symbol.declaration, tree.Study | tree.Tune):
        bases = [seen.scope.find(path, symbol.unit, kind) for path, kind in references(symbol.declaration)]
        algorithms = (base for base in bases if base is not None and isinstance(base.declaration, tree.Algorithm))
        return next((composer.compose(base).settings for base in algorithms), None)
    if not isinstance(symbol.declaration, tree.Algorithm):
        return None
    settings = composer.before(symbol)
    if settings is not None and conditional:
        apply(settings, composer.body(symbol), Layer("spec", symbol.name, symbol))
    return settings


def _setter(held: dict[str, Held], place: Place) -> Held | None:
    """What set a path: the path itself, the constructor above it that brings a default, or the first leaf below it."""
    names = place.path.split(".")
    above = (".".join(names[:length]) for length in range(len(names), place.owner.count("."), -1))
    below = sorted(path for path in held if path.startswith(f"{place.path}."))
    return next((held[path] for path in (*above, *below) if path in held and held[path].owner == place.owner), None)
