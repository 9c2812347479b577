"""Diagnostics one to a line, as editors and grep read them."""

from __future__ import annotations

from collections.abc import Iterable

from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.visible import visible


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """`path:line:column: error[TX312] message` for each; line and column count from 1, in characters."""
    return "".join(f"{_place(diagnostic)}{_what(diagnostic)}\n" for diagnostic in diagnostics)


def _place(diagnostic: Diagnostic) -> str:
    span = diagnostic.primary
    if span is None:
        return ""
    line, column = span.source.position(span.start)
    return f"{visible(span.source.name)}:{line}:{column}: "


def _what(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.severity}[{diagnostic.code.id}] {visible(diagnostic.message)}"
