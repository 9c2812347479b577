"""A document in the one style."""

from __future__ import annotations

from pathlib import Path

from taxon.diagnostics.model import Severity
from taxon.diagnostics.source import Source
from taxon.syntax import parse
from taxon.syntax.formatting import formatted


def in_style(path: Path, text: str) -> str | None:
    """The text as `taxon fmt` writes it; None where a syntax error stands in it, or it would be too large."""
    source = Source(str(path), text)
    if any(finding.severity is Severity.ERROR for finding in parse(source)[1]):
        return None
    styled = formatted(source)
    return styled if isinstance(styled, str) else None
