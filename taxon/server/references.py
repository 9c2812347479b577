"""Every place that says the same thing as the one under the cursor: a declaration's name, or a path."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from taxon.diagnostics.source import Span
from taxon.semantics.loading import Unit
from taxon.server.usage import meant_at, readers, ships, uses
from taxon.server.view import Texts, View, entries_in, entry_at, inside, view

Found = dict[Path, list[Span]]


def references_to(path: Path, offset: int, texts: Texts, folders: Sequence[Path], declared: bool) -> Found:
    """The uses of a declaration's name in every file that sees it; the entries that say a path, in the document and
    what it reads.

    Args:
        path: the document.
        offset: a place in it.
        texts: unsaved texts, by their real paths.
        folders: where files that see a declaration are looked for.
        declared: whether the place where a name is declared is one of them.

    Raises:
        OSError: a folder cannot be read.
    """
    seen = view(path, texts)
    meant = meant_at(seen, offset)
    if meant is None:
        said = _path_at(seen, offset)
        units = seen.library.units.items() if said else ()
        return {file: spans for file, unit in units if (spans := list(_entries(unit, said)))}
    found: Found = {}
    beside = [meant.unit.path.parent] if ships(meant) else []  # the shipped specs extend each other
    for reader in readers(meant.unit.path, texts, [folder for folder in (*folders, *beside) if os.path.isdir(folder)]):
        at_home = reader.library.root == meant.unit.path
        spans = [span for span in uses(reader, meant) if declared or not (at_home and span.start == meant.span.start)]
        if spans:
            found[reader.library.root] = spans
    return found


def highlights(path: Path, offset: int, texts: Texts) -> list[Span]:
    """The places of a document alone."""
    seen = view(path, texts)
    meant = meant_at(seen, offset)
    if seen.unit is None:
        return []
    return list(_entries(seen.unit, _path_at(seen, offset)) if meant is None else uses(seen, meant))


def _path_at(seen: View, offset: int) -> str:
    """The whole of the path that is written at an offset; the empty string where none is."""
    symbol = seen.symbol_at(offset)
    entry = None if symbol is None else entry_at(symbol.declaration.entries, offset)
    return entry.text if entry is not None and inside(entry.path.span, offset) else ""


def _entries(unit: Unit, path: str) -> Iterator[Span]:
    for declaration in unit.file.declarations:
        yield from (entry.path.span for entry in entries_in(declaration.entries) if entry.text == path)
