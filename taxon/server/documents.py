"""The documents that an editor has open, and the editor's terms for what is found in them."""

from __future__ import annotations

import os
from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path

from taxon.diagnostics.model import Label, Severity
from taxon.diagnostics.source import Span
from taxon.diagnostics.visible import visible
from taxon.server.findings import Finding
from taxon.server.positions import Positions
from taxon.server.view import path_of

_SEVERITY = {Severity.ERROR: types.DiagnosticSeverity.Error, Severity.WARNING: types.DiagnosticSeverity.Warning}


class Documents:
    """Open documents by their URIs, with their unsaved texts by real path."""

    def __init__(self) -> None:
        self.encoding = "utf-16"
        self.paths: dict[str, Path] = {}
        self.texts: dict[Path, str] = {}
        self.versions: dict[str, int] = {}

    def put(self, uri: str, text: str, version: int) -> None:
        """Hold a text for a document. One that is no file yet stands, for its imports, in the working directory."""
        try:
            path = Path(os.path.realpath(to_fs_path(uri) or uri.replace("/", "_")))
        except ValueError:  # a character that no path has
            path = Path.cwd() / "untitled.tx"
        self.paths[uri], self.texts[path], self.versions[uri] = path, text, version

    def drop(self, uri: str) -> Path:
        """Forget a document: its file counts again."""
        path = self.paths.pop(uri)
        self.texts.pop(path, None)
        self.versions.pop(uri, None)
        return path

    def text(self, uri: str) -> str:
        return self.texts[self.paths[uri]]

    def offset(self, uri: str, position: types.Position) -> int:
        return Positions(self.text(uri), self.encoding).offset(position.line, position.character)

    def range(self, text: str, start: int, end: int) -> types.Range:
        """A range of a text in the editor's units."""
        places = Positions(text, self.encoding)
        return types.Range(types.Position(*places.place(start)), types.Position(*places.place(end)))

    def uri(self, path: Path) -> str:
        """A file's URI: the editor's own where it has the file open."""
        real = path.resolve()
        return next((uri for uri, known in self.paths.items() if known == real), None) or from_fs_path(str(path)) or ""

    def location(self, path: Path, span: Span) -> types.Location:
        return types.Location(self.uri(path), self.range(span.source.text, span.start, span.end))

    def diagnostic(self, finding: Finding) -> types.Diagnostic:
        """A finding as an editor shows it; the labels beside the primary one are related information."""
        told, span = finding.diagnostic, finding.span
        lines = [told.message, *(f"note: {note}" for note in told.notes)]
        if told.help:
            lines.append(f"help: {told.help}")
        if finding.elsewhere and told.primary is not None:
            line, _ = told.primary.source.position(told.primary.start)
            lines[0] = f"{told.primary.source.name}:{line}: {lines[0]}"
        labels = [label for label in told.labels if finding.elsewhere or label.span is not told.primary]
        return types.Diagnostic(
            range=self.range(span.source.text, span.start, span.end),
            message="\n".join(map(visible, lines)),
            severity=_SEVERITY[told.severity],
            code=told.code.id,
            source="taxon",
            related_information=[self._related(label) for label in labels if label.span.source.is_file] or None,
        )

    def _related(self, label: Label) -> types.DiagnosticRelatedInformation:
        return types.DiagnosticRelatedInformation(
            self.location(path_of(label.span.source), label.span), visible(label.text) or "here"
        )
