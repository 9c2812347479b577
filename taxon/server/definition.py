"""Where a name leads: through `extends`, `with`, a study's `base`, and `import`."""

from __future__ import annotations

from pathlib import Path

from taxon.diagnostics.source import Span
from taxon.semantics.scope import Symbol
from taxon.server.view import Texts, View, inside, path_of, references, view


def definition(path: Path, offset: int, texts: Texts) -> tuple[Path, Span] | None:
    """The file and the span of what the name at an offset means: a declaration's name, or the start of a file."""
    seen = view(path, texts)
    found = declaration_at(seen, offset)
    if found is not None:
        span = found[0].span
        return path_of(span.source), span
    for statement, target in seen.unit.imports if seen.unit is not None else ():
        if inside(statement.span, offset) and target in seen.library.units:
            return target, Span(seen.library.units[target].file.source, 0, 0)
    return None


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
