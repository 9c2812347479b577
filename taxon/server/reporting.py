"""Findings in the editor's terms: diagnostics, and the edits that mend them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol import types

from taxon.diagnostics.model import Edit, Label, Severity
from taxon.diagnostics.visible import visible
from taxon.server.documents import Document, Documents
from taxon.server.findings import Finding
from taxon.server.view import path_of

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.taxon"

_SEVERITY = {Severity.ERROR: types.DiagnosticSeverity.Error, Severity.WARNING: types.DiagnosticSeverity.Warning}


def diagnostic(finding: Finding, documents: Documents) -> types.Diagnostic:
    """A finding as an editor shows it; the labels beside the primary one are related information."""
    shown, span = finding.diagnostic, finding.span
    lines = [shown.message, *(f"note: {note}" for note in shown.notes)]
    if shown.help:
        lines.append(f"help: {shown.help}")
    if finding.elsewhere and shown.primary is not None:
        line, _ = shown.primary.source.position(shown.primary.start)
        lines[0] = f"{shown.primary.source.name}:{line}: {lines[0]}"
    labels = [label for label in shown.labels if finding.elsewhere or label.span is not shown.primary]
    return types.Diagnostic(
        range=documents.span(span),
        message="\n".join(map(visible, lines)),
        severity=_SEVERITY[shown.severity],
        code=shown.code.id,
        source="taxon",
        related_information=[_related(label, documents) for label in labels if label.span.source.is_file] or None,
    )


def _related(label: Label, documents: Documents) -> types.DiagnosticRelatedInformation:
    place = documents.location(path_of(label.span.source), label.span)
    return types.DiagnosticRelatedInformation(place, visible(label.text) or "here")


def actions(
    found: Sequence[Finding], document: Document, place: types.Range, documents: Documents
) -> Iterator[types.CodeAction]:
    """The edits of the findings that touch a range, and all certain ones of the document in one."""
    start, end = documents.offset(document, place.start), documents.offset(document, place.end)
    all_certain: dict[Edit, None] = {}
    for finding in found:
        edit = finding.diagnostic.edit
        if edit is None or finding.elsewhere or edit.span.source.name != finding.span.source.name:
            continue
        if certain(finding):
            all_certain[edit] = None
        first, last = min(finding.span.start, edit.span.start), max(finding.span.end, edit.span.end)
        if start <= last and end >= first:
            yield types.CodeAction(
                title=_title(edit),
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic(finding, documents)],
                edit=_change(document, [edit], documents),
                is_preferred=certain(finding),
            )
    if all_certain:
        edits = list(_apart(all_certain))
        title = "apply every certain edit"
        yield types.CodeAction(title=title, kind=FIX_ALL, edit=_change(document, edits, documents))


def certain(finding: Finding) -> bool:
    """Whether a finding's edit can mean nothing else, so that it may be applied unseen: preferred, and in fix-all."""
    edit = finding.diagnostic.edit
    return edit is not None and edit.safe


def _title(edit: Edit) -> str:
    return f"write `{edit.replacement.strip()}`" if edit.replacement.strip() else f"remove `{edit.span.text}`"


def _change(document: Document, edits: Sequence[Edit], documents: Documents) -> types.WorkspaceEdit:
    changes = [types.TextEdit(documents.span(edit.span), edit.replacement) for edit in edits]
    return types.WorkspaceEdit(changes={document.uri: changes})


def _apart(edits: dict[Edit, None]) -> Iterator[Edit]:
    """The first in the text of those that touch each other, as `taxon check --fix` applies them."""
    at = -1
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        if edit.span.start > at:
            yield edit
            at = max(edit.span.end, edit.span.start)
