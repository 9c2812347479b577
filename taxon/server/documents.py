"""The documents that an editor has open, and the editor's terms for places in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.uris import to_fs_path

from taxon.diagnostics.source import Span
from taxon.server.positions import Positions

positions = lru_cache(maxsize=16)(Positions)  # an answer has many places of few texts


@dataclass(frozen=True)
class Document:
    """One state of a document. `path` is its real path, whatever links its URI leads through."""

    uri: str
    path: Path
    text: str
    version: int


class Documents:
    """Open documents by their URIs."""

    def __init__(self) -> None:
        self.encoding = "utf-16"
        self._open: dict[str, Document] = {}

    def __getitem__(self, uri: str) -> Document:
        """An open document. Raises JsonRpcInvalidParams for any other."""
        try:
            return self._open[uri]
        except KeyError:
            raise JsonRpcInvalidParams(f"{uri} is not open") from None

    def __contains__(self, uri: str) -> bool:
        return uri in self._open

    @property
    def uris(self) -> list[str]:
        return list(self._open)

    @property
    def texts(self) -> dict[Path, str]:
        """The unsaved texts by real path; of a file that is open under two URIs, the one that came last."""
        return {document.path: document.text for document in self._open.values()}

    def put(self, uri: str, text: str, version: int) -> Document:
        """Hold a text for a document. One that is no file yet stands, for its imports, in the working directory."""
        known = self._open.pop(uri, None)
        document = self._open[uri] = Document(uri, known.path if known else _real(uri), text, version)
        return document

    def change(self, uri: str, changes: Sequence[types.TextDocumentContentChangeEvent], version: int) -> Document:
        """Apply changes one after the other: whole texts, or texts in place of ranges."""
        text = self[uri].text
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                places = Positions(text, self.encoding)
                start = places.offset(change.range.start.line, change.range.start.character)
                end = places.offset(change.range.end.line, change.range.end.character)
                text = text[: min(start, end)] + change.text + text[max(start, end) :]
            else:
                text = change.text
        return self.put(uri, text, version)

    def drop(self, uri: str) -> Document:
        """Forget a document: its file counts again."""
        document = self[uri]
        del self._open[uri]
        return document

    def offset(self, document: Document, position: types.Position) -> int:
        return positions(document.text, self.encoding).offset(position.line, position.character)

    def range(self, text: str, start: int, end: int) -> types.Range:
        """A range of a text in the editor's units."""
        places = positions(text, self.encoding)
        return types.Range(types.Position(*places.place(start)), types.Position(*places.place(end)))

    def span(self, span: Span) -> types.Range:
        return self.range(span.source.text, span.start, span.end)

    def uri(self, path: Path) -> str:
        """A file's URI: the editor's own where it has the file open."""
        real = Path(os.path.realpath(path))
        return next((each.uri for each in self._open.values() if each.path == real), None) or real.as_uri()

    def location(self, path: Path, span: Span) -> types.Location:
        return types.Location(self.uri(path), self.span(span))


def _real(uri: str) -> Path:
    try:
        return Path(os.path.realpath(to_fs_path(uri) or uri.replace("/", "_")))
    except ValueError:  # a character that no path has, or no URI at all
        return Path.cwd() / "untitled.tx"
