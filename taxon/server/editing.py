"""Changes to a document: its one style, and an algorithm's name wherever its file uses it."""

from __future__ import annotations

from pathlib import Path

from taxon.diagnostics.model import Severity
from taxon.diagnostics.source import Source, Span
from taxon.semantics.values import shortened
from taxon.server.view import Texts, inside, references, view
from taxon.syntax import literals, parse
from taxon.syntax.formatting import formatted
from taxon.syntax.tokens import tokens


def in_style(path: Path, text: str) -> str | None:
    """The text as `taxon fmt` writes it; None where a syntax error stands in it, or it would be too large."""
    source = Source(str(path), text)
    if any(finding.severity is Severity.ERROR for finding in parse(source)[1]):
        return None
    styled = formatted(source)
    return styled if isinstance(styled, str) else None


class RefusedError(Exception):
    """Why a name cannot be given."""


def renaming(path: Path, offset: int, name: str, texts: Texts) -> list[Span]:
    """Where to write a new name for the declaration of the document that is named at an offset.

    Other files that import the document are not looked for.

    Raises:
        RefusedError: nothing that is declared here is named at the offset, or the new name is none, or taken.
    """
    found = list(tokens(name))
    if len(found) != 1 or found[0].type != "NAME" or literals.canonical_name(name) is None:
        raise RefusedError(f"`{shortened(name)}` is no name: letters, digits and `_`, not beginning with a digit")
    seen = view(path, texts)
    if any(symbol.name == name for symbol in seen.visible()):
        raise RefusedError(f"`{name}` is declared already")
    places = {symbol: [symbol.span] for symbol in seen.scope.own(seen.library.root)}
    unit = seen.unit
    if unit is None:
        raise RefusedError("the document cannot be read")
    for declaration in unit.file.declarations:
        for reference, kind in references(declaration):
            symbol = seen.scope.find(reference, unit, kind)
            if symbol is not None and symbol in places and not reference.text.startswith("std."):
                places[symbol].append(reference.span)
    spans = next((spans for spans in places.values() if any(inside(span, offset) for span in spans)), None)
    if spans is None:
        raise RefusedError("only what this file declares can be renamed here")
    return spans
