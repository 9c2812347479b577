"""Where a declaration is used: in its own file, and in those that import it or name it as a shipped one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.source import Span
from taxon.semantics.loading import shipped_path
from taxon.semantics.scope import Symbol
from taxon.server.definition import declaration_at
from taxon.server.view import Texts, View, inside, read_view, references, view
from taxon.syntax.folder import specs_below
from taxon.syntax.reading import read

# A declaration is known to another file only through these.
_NAMES_A_FILE = re.compile(r'\bimport\s*"|\bstd\s*\.')


def meant_at(seen: View, offset: int) -> Symbol | None:
    """The declaration that is named at an offset, where it stands or is used."""
    own = next((symbol for symbol in seen.scope.own(seen.library.root) if inside(symbol.span, offset)), None)
    used = declaration_at(seen, offset)
    return own or (used[0] if used is not None else None)


def ships(symbol: Symbol) -> bool:
    """Whether a declaration stands in one of taxon's own specs."""
    return symbol.unit.path.parent == Path(os.path.realpath(shipped_path(symbol.unit.path.stem))).parent


def readers(home: Path, texts: Texts, folders: Sequence[Path]) -> Iterator[View]:
    """The file of a declaration, and every file that imports it, directly or through others.

    Raises OSError where a folder cannot be searched.
    """
    yield view(home, texts)
    for path in files(texts, folders):
        if path != home and _NAMES_A_FILE.search(text_of(path, texts)):
            seen = read_view(path, texts)
            if seen.unit is not None and home in seen.library.units:
                yield seen


def files(texts: Texts, folders: Sequence[Path]) -> list[Path]:
    """The specs that are open or lie in some folders, by real path. Raises OSError where a folder cannot be read."""
    below = (Path(os.path.realpath(file)) for folder in folders for file in specs_below(folder))
    return list(dict.fromkeys([*texts, *below]))


def text_of(path: Path, texts: Texts) -> str:
    """The text of a file; the empty one where it cannot be read, since nothing is imported by such a file."""
    if path in texts:
        return texts[path]
    source = read(path)
    return "" if isinstance(source, Diagnostic) else source.text


def uses(seen: View, meant: Symbol) -> Iterator[Span]:
    """The spans of a declaration's name in the document of a view, the declaration's own first."""
    assert seen.unit is not None
    for symbol in seen.scope.own(seen.library.root):
        if _same(symbol, meant):
            yield symbol.span
    for declaration in seen.unit.file.declarations:
        for reference, kind in references(declaration):
            found = seen.scope.find(reference, seen.unit, kind)
            if found is not None and _same(found, meant):
                yield reference.span


def _same(one: Symbol, other: Symbol) -> bool:
    """Whether two symbols, of different readings perhaps, are one declaration."""
    return (one.unit.path, one.span.start) == (other.unit.path, other.span.start)
