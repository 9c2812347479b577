"""The language server: its life, the documents that an editor has open, and what it shows without a request."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcParseError
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from taxon.server.checks import Checks
from taxon.server.deltas import Deltas
from taxon.server.documents import Document, Documents
from taxon.server.findings import Findings
from taxon.server.mathematics import Mathematics
from taxon.server.protocol import Protocol
from taxon.server.reporting import diagnostic
from taxon.syntax.folder import SUFFIX

# Seconds after which Python lets another thread go on: a check computes beside the requests, and should not hold them.
_SWITCH = 0.001


class Server(LanguageServer):
    """What the handlers of requests share. Documents come whole with every change: a spec is small."""

    protocol: Protocol

    def __init__(self) -> None:
        super().__init__("taxon", "1", text_document_sync_kind=types.TextDocumentSyncKind.Full, protocol_cls=Protocol)
        self.documents = Documents()
        self.mathematics = Mathematics.CHARACTERS
        self.deltas = Deltas()
        self.checks = Checks(self.documents, self._publish)
        self.feature(types.INITIALIZE)(_initialize)
        self.feature(types.INITIALIZED)(_initialized)
        self.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_changed_on_disk)
        self.feature(types.TEXT_DOCUMENT_DID_OPEN)(_opened)
        self.feature(types.TEXT_DOCUMENT_DID_CHANGE)(_changed)
        self.feature(types.TEXT_DOCUMENT_DID_CLOSE)(_closed)

    def serve(self) -> int:
        """Serve standard input and output until the editor says `exit` or is gone.

        Returns:
            the exit code: 0 if it asked to shut down before, else 1.
        """
        sys.setswitchinterval(_SWITCH)
        self.start_io()
        self.checks.stop()
        return 0 if self.protocol.finished else 1

    def _publish(self, document: Document, found: Findings) -> None:
        """Show what is wrong in a document."""
        shown = [diagnostic(finding, self.documents) for finding in found.found]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(document.uri, shown, document.version))

    def folders(self, document: Document | None = None) -> list[Path]:
        """The folders that are open in the editor; without one, that of a document."""
        uris: Sequence[str] = [folder.uri for folder in self.workspace.folders.values()]
        found = [Path(folder) for folder in map(to_fs_path, uris or [self.workspace.root_uri or ""]) if folder]
        return found or ([] if document is None else [document.path.parent])

    def able(self, path: str) -> Any:
        """What the editor says that it can do, by a dotted path; None where it does not say."""
        found: Any = self.client_capabilities
        for name in path.split("."):
            found = getattr(found, name, None)
        return found

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Answer what is no JSON; an editor's log has the rest, from standard error."""
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
            self.protocol.refuse_text(JsonRpcParseError(f"no JSON: {error}"))


def _initialize(server: Server, params: types.InitializeParams) -> None:
    wanted = params.initialization_options
    if isinstance(wanted, dict) and wanted.get("equations") == "latex":
        server.mathematics = Mathematics.LATEX
    agreed = server.workspace.position_encoding or types.PositionEncodingKind.Utf16
    server.documents.encoding = types.PositionEncodingKind(agreed).value


def _initialized(server: Server, _: types.InitializedParams) -> None:
    """Register for notices of files that change on the disk: what a document imports need not be open."""
    if not server.able("workspace.did_change_watched_files.dynamic_registration"):
        return
    specs = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(f"**/*{SUFFIX}")])
    wanted = types.Registration("specs", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, specs)
    server.client_register_capability(types.RegistrationParams([wanted]))


def _changed_on_disk(server: Server, _: types.DidChangeWatchedFilesParams) -> None:
    """A file that was missing until now has no reader yet, so every open document is checked."""
    server.checks.begin_all()


def _opened(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    opened = params.text_document
    document = server.documents.put(opened.uri, opened.text, opened.version)
    server.checks.begin(document.path, pause=0)


def _changed(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    changed = params.text_document
    document = server.documents.change(changed.uri, params.content_changes, changed.version)
    server.checks.begin(document.path)


def _closed(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    document = server.documents.drop(params.text_document.uri)
    server.checks.forget(document.uri)
    server.deltas.forget(document.uri)
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(document.uri, []))
    server.checks.begin(document.path)
