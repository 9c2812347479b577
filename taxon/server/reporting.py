"""Findings in the editor's terms: diagnostics, and the edits that mend them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol import types

from taxon.diagnostics.model import Edit, Label, Severity
from taxon.diagnostics.visible import visible
from taxon.semantics.fixing import fix
from taxon.server.documents import Document, Documents
from taxon.server.findings import Finding
from taxon.server.view import Texts, path_of

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


def quick_fixes(
    found: Sequence[Finding], document: Document, place: types.Range, documents: Documents
) -> Iterator[types.CodeAction]:
    """The edits of the findings that touch a range; one beside which nothing else can be meant is preferred."""
    start, end = documents.offset(document, place.start), documents.offset(document, place.end)
    for finding in found:
        edit = finding.diagnostic.edit
        if edit is None or finding.elsewhere:
            continue
        first, last = min(finding.span.start, edit.span.start), max(finding.span.end, edit.span.end)
        if start <= last and end >= first:
            yield types.CodeAction(
                title=_title(edit),
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic(finding, documents)],
                edit=_change(documents.uri(path_of(edit.span.source)), documents.span(edit.span), edit.replacement),
                is_preferred=edit.safe,
            )


def fix_all(document: Document, texts: Texts, documents: Documents) -> types.CodeAction | None:
    """What `taxon check --fix` makes of the document, in one edit from its first change to its last."""
    fixed = fix([str(document.path)], unsafe=False, unsaved=texts)
    if not fixed:
        return None
    before, after = document.text, fixed[0].after
    start = _alike(before, after)
    same = _alike(before[start:][::-1], after[start:][::-1])
    changed = documents.range(before, start, len(before) - same)
    edit = _change(document.uri, changed, after[start : len(after) - same])
    return types.CodeAction(title="apply every certain edit", kind=FIX_ALL, edit=edit)


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    differing = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))


def _title(edit: Edit) -> str:
    return f"write `{edit.replacement.strip()}`" if edit.replacement.strip() else f"remove `{edit.span.text}`"


def _change(uri: str, replaced: types.Range, text: str) -> types.WorkspaceEdit:
    return types.WorkspaceEdit(changes={uri: [types.TextEdit(replaced, text)]})
