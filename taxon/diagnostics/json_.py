"""Diagnostics for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.source import Span

FORMAT_VERSION = 1


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """One JSON object: `format_version` and the list `diagnostics`. Fields may be added under the same version."""
    document = {"format_version": FORMAT_VERSION, "diagnostics": [as_data(diagnostic) for diagnostic in diagnostics]}
    return json.dumps(document, indent=2) + "\n"


def as_data(diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic in plain lists and dictionaries."""
    edit = diagnostic.edit
    return {
        "code": diagnostic.code.id,
        "title": diagnostic.code.title,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "labels": [{**_span(label.span), "text": label.text, "primary": label.primary} for label in diagnostic.labels],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "edit": None
        if edit is None
        else {**_span(edit.span), "replacement": edit.replacement, "applicability": str(edit.applicability)},
    }


def _span(span: Span) -> dict[str, Any]:
    """A place: lines and columns from 1, offsets from 0, all in Unicode code points; the end is exclusive."""
    return {"path": span.source.name, "start": _point(span, span.start), "end": _point(span, span.end)}


def _point(span: Span, offset: int) -> dict[str, int]:
    line, column = span.source.position(offset)
    return {"offset": offset, "line": line, "column": column}
