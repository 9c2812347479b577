"""An algorithm's name, or an architecture's, in every file that uses it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from taxon.diagnostics.source import Span
from taxon.semantics.scope import Symbol
from taxon.semantics.values import shortened
from taxon.server.usage import meant_at, readers, ships, uses
from taxon.server.view import Texts, View, view
from taxon.syntax import literals
from taxon.syntax.tokens import tokens


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
            that sees the declaration; or a file cannot be read whole, so that a use in it may be missed.
    """
    meant = _meant(view(path, texts), offset)
    _check_name(name)
    found: dict[Path, list[Span]] = {}
    for reader in _readers(meant, texts, folders):
        assert reader.unit is not None
        if not reader.unit.complete:
            shown = _shown(reader.library.root, meant.unit.path)
            raise RefusedError(f"`{shown}` has a syntax error, and a name in it may be missed: mend it first")
        taken = next((symbol for symbol in reader.visible() if symbol.name == name), None)
        if taken is not None:
            at = _shown(taken.unit.path, meant.unit.path)
            seen = _shown(reader.library.root, meant.unit.path)
            where = f"in `{at}`" if at == seen else f"in `{at}`, which `{seen}` imports"
            raise RefusedError(f"`{name}` is declared already, {where}: give another name")
        spans = list(uses(reader, meant))
        if spans:
            found[reader.library.root] = spans
    return found


def _meant(seen: View, offset: int) -> Symbol:
    """The declaration that is named at an offset, if its name may be changed."""
    meant = meant_at(seen, offset)
    if meant is None:
        raise RefusedError("no name of an algorithm, an architecture or a study stands here that could be changed")
    if ships(meant):
        raise RefusedError(f"`{meant.name}` ships with taxon and keeps its name: extend it under a name of your own")
    return meant


def _check_name(name: str) -> None:
    found = list(tokens(name))
    if len(found) != 1 or found[0].type != "NAME" or literals.canonical_name(name) != name:
        raise RefusedError(
            f"`{shortened(name)}` is no name: it takes letters, digits and `_`, begins with no digit, and is no keyword"
        )


def _readers(meant: Symbol, texts: Texts, folders: Sequence[Path]) -> Iterator[View]:
    try:
        yield from readers(meant.unit.path, texts, folders)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RefusedError(f"`{error.filename}` cannot be searched for uses of the name: {reason}") from None


def _shown(path: Path, home: Path) -> str:
    """A file's path as an import in the declaration's file would write it."""
    return os.path.relpath(path, home.parent)
