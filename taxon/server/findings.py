"""What is wrong in a document, and in the files that it imports as far as that matters to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from taxon.diagnostics.model import Diagnostic, Severity
from taxon.diagnostics.source import Span
from taxon.semantics import check_file
from taxon.semantics.loading import Library, Unit
from taxon.server.view import Texts, path_of, view
from taxon.taxonomy.rules import check_row
from taxon.taxonomy.schema import Row


class OutdatedError(Exception):
    """The document has changed, so its check is no longer needed."""


@dataclass(frozen=True)
class Finding:
    """A diagnostic and where the document shows it: `elsewhere` if that is only the import that leads to it."""

    diagnostic: Diagnostic
    span: Span
    elsewhere: bool = False


@dataclass(frozen=True)
class Findings:
    """The findings of a document, and every file that they depend on: one that could not be read may be mended."""

    found: list[Finding]
    reads: frozenset[Path]


def findings(path: Path, texts: Texts, outdated: Callable[[], bool] = lambda: False) -> Findings:
    """Check a document with the unsaved texts, which are by their real paths.

    Raises OutdatedError where `outdated`, which is called before each algorithm's rules, says so; nothing for any text.
    """

    def rules(row: Row) -> list[Diagnostic]:
        if outdated():
            raise OutdatedError
        return check_row(row)

    library = view(path, texts).library
    root = library.units.get(library.root)
    found: list[Finding] = []
    for diagnostic in check_file(path, rules=rules, texts=texts):
        span = diagnostic.primary
        if root is None or span is None:
            continue
        if span.source.name == root.file.source.name:
            found.append(Finding(diagnostic, span))
        elif diagnostic.severity is Severity.ERROR:
            leads = next(_leading(root, path_of(span.source), library), Span(root.file.source, 0, 0))
            found.append(Finding(diagnostic, leads, elsewhere=True))
    wanted = {target for unit in library.units.values() for _, target in unit.imports}
    return Findings(found, frozenset(wanted | library.units.keys()))


def _leading(root: Unit, wanted: Path, library: Library) -> Iterator[Span]:
    """The statements of a file through which another one is read."""
    for statement, target in root.imports:
        if _reaches(target, wanted.resolve(), library):
            yield statement.span


def _reaches(start: Path, wanted: Path, library: Library) -> bool:
    seen: set[Path] = set()
    pending = [start]
    while pending:
        here = pending.pop()
        if here == wanted:
            return True
        if here not in seen and here in library.units:
            seen.add(here)
            unit = library.units[here]
            pending += [*(target for _, target in unit.imports), *unit.shipped.values()]
    return False
