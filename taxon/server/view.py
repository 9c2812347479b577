"""A document as the front end reads it, half-typed or not, and where the cursor is in its tree."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from taxon.diagnostics.source import Source, Span
from taxon.semantics.compose import Composer
from taxon.semantics.layers import Target
from taxon.semantics.loading import Library, Unit, load, shipped_path, study_references
from taxon.semantics.resolve import resolve
from taxon.semantics.scope import Scope, Symbol
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import tree
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.schema import Row

VOCABULARY = Vocabulary(SCHEMA)

Texts = Mapping[Path, str]


@dataclass(frozen=True)
class View:
    """A document, what it imports, and the names in them. `unit` is None where the document cannot be read."""

    library: Library
    scope: Scope
    unit: Unit | None

    def row(self, symbol: Symbol) -> Row | None:
        """The resolved row of an algorithm, as far as its layers are sound; no rule has held its values together."""
        settings = Composer(self.scope, VOCABULARY, Target()).compose(symbol).settings
        return None if settings is None else resolve(symbol, settings, VOCABULARY, lambda _: []).row

    def visible(self) -> Iterator[Symbol]:
        """The declarations that the document may name as they are: its own, and those of its imports and of theirs."""
        seen: set[Path] = set()
        pending = [self.library.root]
        while pending:
            here = pending.pop()
            if here in seen or here not in self.library.units:
                continue
            seen.add(here)
            yield from self.scope.own(here)
            pending += [target for _, target in self.library.units[here].imports]

    def symbol_at(self, offset: int) -> Symbol | None:
        """The declaration that an offset of the document stands in."""
        own = self.scope.own(self.library.root)
        return next((symbol for symbol in own if inside(symbol.declaration.span, offset)), None)


def view(path: Path, texts: Texts) -> View:
    """Read a document with the unsaved texts, which are by their real paths. Raises nothing for any text.

    The last few are kept, each as long as no file that it has read changes: a request and the check that runs beside it
    share one.
    """
    with _reading[path]:
        kept = _kept.pop(path, None)
        if kept is None or kept[1] != _stamps(kept[0], texts):
            seen = read_view(path, texts)
            kept = seen, _stamps(seen, texts)
        _kept[path] = kept  # the one that was requested last stands last
    for oldest in list(_kept)[:-_MOST_KEPT]:
        _kept.pop(oldest, None)
    return kept[0]


def read_view(path: Path, texts: Texts) -> View:
    """Read a document anew."""
    library = load(path, str(path), texts)
    return View(library, Scope(library), library.units.get(library.root))


_MOST_KEPT = 8
_reading: defaultdict[Path, Lock] = defaultdict(Lock)
_kept: dict[Path, tuple[View, list[object]]] = {}


def _stamps(seen: View, texts: Texts) -> list[object]:
    """What distinguishes one state of the files that a view has read, or has not found, from another: unsaved texts, or
    what the disk says."""
    stamps: list[object] = []
    for path, unit in seen.library.units.items():
        stamps.append(texts[path] if path in texts else _on_disk(path))
        named = (statement.target for statement in unit.file.imports)
        stamps += [_on_disk(path.parent / target.value) for target in named if isinstance(target, tree.String)]
    return stamps


def _on_disk(path: Path) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # no such file, or a character that no path has
        return None
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns


def file_of(path: Path, texts: Texts) -> tree.File:
    """The tree of a document."""
    unit = view(path, texts).unit
    assert unit is not None  # an unsaved text is always read, and nothing else is open
    return unit.file


def path_of(source: Source) -> Path:
    """The file that a source of a library was read from."""
    return Path(source.name) if source.is_file else shipped_path(source.name.removeprefix("std."))


def inside(span: Span, offset: int) -> bool:
    """Whether the cursor touches a span."""
    return span.start <= offset <= span.end


@dataclass(frozen=True)
class Entry:
    """An assignment or an `unset` with the whole of its path."""

    prefix: str
    path: tree.Path
    value: tree.Expression | None
    conditional: bool = False  # it stands in a `when` block

    @property
    def text(self) -> str:
        return self.prefix + self.path.text

    def named(self, offset: int) -> tuple[str, Span]:
        """The path up to the name under the cursor, and the span of what is written of it."""
        names = [name for name in self.path.names if name.span.start <= offset]
        return self.prefix + ".".join(name.text for name in names), self.path.names[0].span.to(names[-1].span)


def entry_at(entries: Sequence[tree.AnyEntry], offset: int, prefix: str = "") -> Entry | None:
    """The innermost entry at an offset; the head of a block counts as one without a value."""
    for entry in entries:
        if not inside(entry.span, offset):
            continue
        match entry:
            case tree.Assignment(path=path, value=value):
                return Entry(prefix, path, value)
            case tree.Unset(path=path):
                return Entry(prefix, path, None)
            case tree.Vary(path=path, values=values):
                within = next((item for item in values.items if inside(item.span, offset)), None)
                return Entry(prefix, path, within)
            case tree.Search(path=path, space=space):
                listed = space.items if isinstance(space, tree.List) else ()
                return Entry(prefix, path, next((item for item in listed if inside(item.span, offset)), None))
            case tree.Block(path=path) if inside(path.span, offset):
                return Entry(prefix, path, None)
            case tree.Block(path=path):
                return entry_at(entry.entries, offset, f"{prefix}{path.text}.")
            case tree.When():
                within_when = entry_at(entry.entries, offset, prefix)
                return None if within_when is None else replace(within_when, conditional=True)
    return None


def entries_in(entries: Sequence[tree.AnyEntry], prefix: str = "") -> Iterator[Entry]:
    """Every entry with the whole of its path, blocks and what stands in them, in order."""
    for entry in entries:
        match entry:
            case tree.Assignment(path=path, value=value):
                yield Entry(prefix, path, value)
            case tree.Unset(path=path):
                yield Entry(prefix, path, None)
            case tree.Vary(path=path, values=values):
                yield Entry(prefix, path, values)
            case tree.Search(path=path, space=space):
                yield Entry(prefix, path, space)
            case tree.Block(path=path):
                yield Entry(prefix, path, None)
                yield from entries_in(entry.entries, f"{prefix}{path.text}.")
            case tree.When():
                yield from entries_in(entry.entries, prefix)


def references(declaration: tree.Declaration) -> Iterator[tuple[tree.Path, type[tree.Algorithm | tree.Architecture]]]:
    """The names of other declarations that a declaration gives, and what each is meant to be."""
    match declaration:
        case tree.Algorithm(parent=parent, mixins=mixins):
            if parent is not None:
                yield parent, tree.Algorithm
            for mixin in mixins:
                yield mixin, tree.Architecture
        case tree.Study() | tree.Tune():
            yield from study_references(declaration)
