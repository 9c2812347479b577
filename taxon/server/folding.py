"""What of a document may be folded away, and what a selection grows to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from taxon.diagnostics.source import Source, Span
from taxon.syntax import tree
from taxon.syntax.layout import TooDeep, layout

Fold = tuple[int, int, str]

# Lines that are comments alone; no string goes over the end of a line.
_COMMENTS = re.compile(r"^[ \t]*((?:#|///)[^\r\n]*(?:\r?\n[ \t]*(?:#|///)[^\r\n]*)+)", re.MULTILINE)


def folds(file: tree.File) -> list[Fold]:
    """The offsets where what may be folded begins and ends, and its kind: "region", "comment" or "imports".

    What begins and ends on one line is left out.
    """
    text = file.source.text
    found = [*_bracketed(file.source), *((*lines.span(1), "comment") for lines in _COMMENTS.finditer(text))]
    statements = file.imports
    if statements:
        found.append((statements[0].span.start, statements[-1].span.end, "imports"))
    return sorted(
        (start, end, kind) for start, end, kind in found if "\n" in text[start:end] or "\r" in text[start:end]
    )


def _bracketed(source: Source) -> Iterator[Fold]:
    """From after an opening bracket to the one that closes it."""
    try:
        kept = layout(source).tokens
    except TooDeep:
        return
    open_now: list[int] = []
    for token in kept:
        start = token.start_pos or 0
        if token.type in ("LBRACE", "LPAR", "LSQB"):
            open_now.append(start + 1)
        elif token.type in ("RBRACE", "RPAR", "RSQB") and open_now:
            yield open_now.pop(), start, "region"


def selections(file: tree.File, offset: int) -> list[Span]:
    """The spans around an offset from the innermost outwards: of a name, a value, an entry, a block, a declaration."""
    found: list[Span] = []
    pending: list[Any] = [*file.imports, *file.declarations]
    while pending:
        node = pending.pop()
        span = getattr(node, "span", None)
        if isinstance(span, Span):
            if not span.start <= offset <= span.end:
                continue
            found.append(span)
        if isinstance(node, tuple):
            pending += node
        elif is_dataclass(node) and not isinstance(node, Span | Source | type):
            pending += [getattr(node, field.name) for field in fields(node)]
    found.append(Span(file.source, 0, len(file.source.text)))
    return list(_nested(found))


def _nested(spans: list[Span]) -> Iterator[Span]:
    """Of two neighbours that touch the offset from both sides, the one that the other spans fit around."""
    last: Span | None = None
    for span in sorted(set(spans), key=lambda span: (span.end - span.start, -span.start)):
        if last is None or (span.start <= last.start and last.end <= span.end):
            yield span
            last = span
