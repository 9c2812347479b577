"""A document as the front end reads it, half-typed or not, and where the cursor is in its tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taxon.diagnostics.source import Source, Span
from taxon.semantics.compose import Composer
from taxon.semantics.layers import Target
from taxon.semantics.loading import Library, Unit, load, shipped_path, study_base
from taxon.semantics.resolve import resolve
from taxon.semantics.scope import Scope, Symbol
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import tree
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.row import Leaf

VOCABULARY = Vocabulary(SCHEMA)

Texts = Mapping[Path, str]


@dataclass(frozen=True)
class View:
    """A document, what it imports, and the names in them. `unit` is None where the document cannot be read."""

    library: Library
    scope: Scope
    unit: Unit | None

    def leaves(self, symbol: Symbol) -> Mapping[str, Leaf]:
        """The resolved values of an algorithm, as far as its layers are sound; no rule is asked whether they agree."""
        settings = Composer(self.scope, VOCABULARY, Target()).compose(symbol).settings
        row = None if settings is None else resolve(symbol, settings, VOCABULARY, lambda _: []).row
        return {} if row is None else row.leaves

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
    """Read a document with the unsaved texts, which are by their real paths. Raises nothing for any text."""
    library = load(path, str(path), texts)
    return View(library, Scope(library), library.units.get(library.root))


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


def entry_at(entries: Sequence[tree.Entry | tree.Vary], offset: int, prefix: str = "") -> Entry | None:
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
            case tree.Block(path=path) if inside(path.span, offset):
                return Entry(prefix, path, None)
            case tree.Block(path=path):
                return entry_at(entry.entries, offset, f"{prefix}{path.text}.")
            case tree.When():
                within_when = entry_at(entry.entries, offset, prefix)
                return None if within_when is None else replace(within_when, conditional=True)
    return None


def references(declaration: tree.Declaration) -> Iterator[tuple[tree.Path, type[tree.Algorithm | tree.Architecture]]]:
    """The names of other declarations that a declaration gives, and what each is meant to be."""
    match declaration:
        case tree.Algorithm(parent=parent, mixins=mixins):
            if parent is not None:
                yield parent, tree.Algorithm
            for mixin in mixins:
                yield mixin, tree.Architecture
        case tree.Study(entries=entries):
            for entry in entries:
                base = study_base(entry)
                if base is not None:
                    yield base, tree.Algorithm
