"""A diagnostic as data; how it looks is a renderer's business."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from taxon.diagnostics.source import Span


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Code:
    """A kind of finding: its number, its title, and why it is one (shown by `taxon explain`)."""

    id: str
    title: str
    why: str
    severity: Severity = Severity.ERROR
    source: str = ""


@dataclass(frozen=True)
class Label:
    """A place that takes part in a finding, and what it has to do with it."""

    span: Span
    text: str = ""
    primary: bool = False


class Applicability(StrEnum):
    """Whether an edit may be applied without asking."""

    SAFE = "safe"  # nothing else can be meant
    UNSAFE = "unsafe"  # a suggestion: the author may have meant something else


@dataclass(frozen=True)
class Edit:
    """Replace a span by a text."""

    span: Span
    replacement: str
    applicability: Applicability = Applicability.UNSAFE

    @property
    def safe(self) -> bool:
        return self.applicability is Applicability.SAFE


def safe_edit(span: Span, replacement: str) -> Edit:
    """An edit beside which nothing else can be meant."""
    return Edit(span, replacement, Applicability.SAFE)


@dataclass(frozen=True)
class Diagnostic:
    """One finding: what is wrong in one line, where, and the way out."""

    code: Code
    message: str
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    edit: Edit | None = None

    @property
    def severity(self) -> Severity:
        return self.code.severity

    @property
    def primary(self) -> Span | None:
        return next((label.span for label in self.labels if label.primary), None)
