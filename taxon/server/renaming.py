"""An algorithm's name, or an architecture's, in every file that uses it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.source import Span
from taxon.semantics.loading import shipped_path
from taxon.semantics.scope import Symbol
from taxon.semantics.values import shortened
from taxon.server.definition import declaration_at
from taxon.server.view import Texts, View, inside, references, view
from taxon.syntax import literals
from taxon.syntax.folder import specs_below
from taxon.syntax.reading import read
from taxon.syntax.tokens import tokens

# What is declared in a file is known elsewhere only through this: shipped specs, imported by name, import no others.
_IMPORTS_A_FILE = re.compile(r'\bimport\s*"')


class RefusedError(Exception):
    """Why a name cannot be given."""


def renaming(path: Path, offset: int, name: str, texts: Texts, folders: Sequence[Path]) -> dict[Path, list[Span]]:
    """Where to write a new name for the declaration that is named at an offset of a document, by file.

    Args:
        path: the document.
        offset: a place in it: where the declaration stands, or a use of its name.
        name: the new name.
        texts: unsaved texts, by their real paths.
        folders: where files that import the declaration's are looked for.

    Raises:
        RefusedError: nothing that can be renamed is named at the offset; the new name is none, or is taken in a file
            that knows the declaration; or a file cannot be read whole, so that a use in it may be missed.
    """
    meant = _meant(view(path, texts), offset)
    _check_name(name)
    found: dict[Path, list[Span]] = {}
    for reader in _readers(meant.unit.path, texts, folders):
        assert reader.unit is not None
        if not reader.unit.complete:
            shown = _shown(reader.library.root, meant.unit.path)
            raise RefusedError(f"`{shown}` has a syntax error, and a name in it may be missed: mend it first")
        taken = next((symbol for symbol in reader.visible() if symbol.name == name), None)
        if taken is not None:
            at = _shown(taken.unit.path, meant.unit.path)
            seen = _shown(reader.library.root, meant.unit.path)
            where = f"in `{at}`" if at == seen else f"in `{at}`, which `{seen}` knows"
            raise RefusedError(f"`{name}` is declared already, {where}: give another name")
        spans = list(_uses(reader, meant))
        if spans:
            found[reader.library.root] = spans
    return found


def _meant(seen: View, offset: int) -> Symbol:
    """The declaration that is named at an offset, if its name may be changed."""
    own = next((symbol for symbol in seen.scope.own(seen.library.root) if inside(symbol.span, offset)), None)
    used = declaration_at(seen, offset)
    meant = own or (used[0] if used is not None else None)
    if meant is None:
        raise RefusedError("no name of an algorithm, an architecture or a study stands here that could be changed")
    if meant.unit.path.parent == Path(os.path.realpath(shipped_path(meant.unit.path.stem))).parent:
        raise RefusedError(f"`{meant.name}` ships with taxon and keeps its name: extend it under a name of your own")
    return meant


def _check_name(name: str) -> None:
    found = list(tokens(name))
    if len(found) != 1 or found[0].type != "NAME" or literals.canonical_name(name) != name:
        raise RefusedError(
            f"`{shortened(name)}` is no name: it takes letters, digits and `_`, begins with no digit, and is no keyword"
        )


def _readers(home: Path, texts: Texts, folders: Sequence[Path]) -> Iterator[View]:
    """The file of a declaration, and every file that imports it, directly or through others."""
    yield view(home, texts)
    try:
        below = [Path(os.path.realpath(file)) for folder in folders for file in specs_below(folder)]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RefusedError(f"`{error.filename}` cannot be searched for uses of the name: {reason}") from None
    for path in dict.fromkeys([*texts, *below]):
        if path != home and _IMPORTS_A_FILE.search(_text(path, texts)):
            seen = view(path, texts)
            if seen.unit is not None and home in seen.library.units:
                yield seen


def _text(path: Path, texts: Texts) -> str:
    """The text of a file; the empty one where it cannot be read, since nothing is imported by such a file."""
    if path in texts:
        return texts[path]
    source = read(path)
    return "" if isinstance(source, Diagnostic) else source.text


def _uses(seen: View, meant: Symbol) -> Iterator[Span]:
    """The spans of a declaration's name in the document of a view."""
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


def _shown(path: Path, home: Path) -> str:
    """A file's path as an import in the declaration's file would write it."""
    return os.path.relpath(path, home.parent)
