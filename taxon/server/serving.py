"""The language server: what an editor says and asks, answered from the front end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from taxon.server.completion import completions
from taxon.server.definition import definition
from taxon.server.documents import Documents
from taxon.server.editing import in_style
from taxon.server.findings import findings
from taxon.server.hover import hover
from taxon.server.item import Completion
from taxon.server.renaming import RefusedError, renaming
from taxon.syntax.folder import SUFFIX

PAUSE = 0.05  # seconds without a keystroke before a document is checked

_OPENS_A_LIST = '.=(+ "/'

_KINDS = {
    "path": types.CompletionItemKind.Property,
    "choice": types.CompletionItemKind.EnumMember,
    "parameter": types.CompletionItemKind.Field,
    "keyword": types.CompletionItemKind.Keyword,
    "file": types.CompletionItemKind.Module,
    "name": types.CompletionItemKind.Class,
    "code": types.CompletionItemKind.Constant,
}


class Server(LanguageServer):
    """Documents come whole with every change: a spec is small, and no range has to be trusted."""

    def __init__(self) -> None:
        super().__init__("taxon", "1", text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.documents = Documents()
        self.reads: dict[str, frozenset[Path]] = {}

    def publish(self, uri: str) -> None:
        """Check a document and show what is wrong in it."""
        documents = self.documents
        found = findings(documents.paths[uri], documents.texts)
        self.reads[uri] = found.reads
        shown = [documents.diagnostic(finding) for finding in found.found]
        version = documents.versions[uri]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, shown, version))

    def publish_readers(self, path: Path, but: str) -> None:
        """Check the other open documents that read a file."""
        for uri in list(self.documents.paths):
            if uri != but and path in self.reads.get(uri, frozenset()):
                self.publish(uri)

    def folders(self, path: Path) -> list[Path]:
        """The folders that are open in the editor; without one, that of a document."""
        uris = [folder.uri for folder in self.workspace.folders.values()] or [self.workspace.root_uri or ""]
        return [Path(folder) for folder in map(to_fs_path, uris) if folder] or [path.parent]


def _initialized(server: Server, _: types.InitializedParams) -> None:
    """Ask to hear of files that change on the disk: what a document imports need not be open."""
    able = server.client_capabilities.workspace
    watching = able.did_change_watched_files if able is not None else None
    if watching is None or not watching.dynamic_registration:
        return
    specs = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(f"**/*{SUFFIX}")])
    wanted = types.Registration("specs", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, specs)
    server.client_register_capability(types.RegistrationParams([wanted]))


def _changed_on_disk(server: Server, _: types.DidChangeWatchedFilesParams) -> None:
    """A file that was missing until now is read by nobody yet, so every open document is checked."""
    for uri in list(server.documents.paths):
        server.publish(uri)


def _opened(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    document = params.text_document
    agreed = server.workspace.position_encoding or types.PositionEncodingKind.Utf16
    server.documents.encoding = types.PositionEncodingKind(agreed).value
    server.documents.put(document.uri, document.text, document.version)
    server.publish(document.uri)
    server.publish_readers(server.documents.paths[document.uri], but=document.uri)


async def _changed(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    uri, version = params.text_document.uri, params.text_document.version
    server.documents.put(uri, params.content_changes[-1].text, version)
    await asyncio.sleep(PAUSE)
    if server.documents.versions.get(uri) == version:
        server.publish(uri)
        server.publish_readers(server.documents.paths[uri], but=uri)


def _closed(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    path = server.documents.drop(uri)
    server.reads.pop(uri, None)
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
    server.publish_readers(path, but=uri)


def _hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    documents, uri = server.documents, params.text_document.uri
    found = hover(documents.paths[uri], documents.offset(uri, params.position), documents.texts)
    if found is None:
        return None
    text, span = found
    markdown = types.MarkupContent(types.MarkupKind.Markdown, text)
    return types.Hover(markdown, documents.range(documents.text(uri), span.start, span.end))


def _completion(server: Server, params: types.CompletionParams) -> types.CompletionList:
    documents, uri = server.documents, params.text_document.uri
    text, offset = documents.text(uri), documents.offset(uri, params.position)
    asked = params.context.trigger_character if params.context is not None else None
    if asked == " " and not text[text.rfind("\n", 0, offset) + 1 : offset].strip():
        return types.CompletionList(is_incomplete=False, items=[])  # who indents a line asks for nothing
    found = completions(documents.paths[uri], text, offset, documents.texts)
    items = [_item(each, at, documents.range(text, each.start, each.end)) for at, each in enumerate(found)]
    return types.CompletionList(is_incomplete=False, items=items)


def _item(found: Completion, at: int, place: types.Range) -> types.CompletionItem:
    markdown = types.MarkupContent(types.MarkupKind.Markdown, found.documentation)
    return types.CompletionItem(
        label=found.label,
        kind=_KINDS[found.kind],
        detail=found.detail or None,
        documentation=markdown if found.documentation else None,
        sort_text=f"{at:04}",
        filter_text=found.label,
        text_edit=types.TextEdit(place, found.text),
    )


def _definition(server: Server, params: types.DefinitionParams) -> types.Location | list[types.Location] | None:
    documents, uri = server.documents, params.text_document.uri
    found = definition(documents.paths[uri], documents.offset(uri, params.position), documents.texts)
    places = [documents.location(*place) for place in found]
    return places if len(places) > 1 else next(iter(places), None)


def _formatting(server: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    documents, uri = server.documents, params.text_document.uri
    text = documents.text(uri)
    styled = in_style(documents.paths[uri], text)
    if styled is None or styled == text:
        return None
    return [types.TextEdit(documents.range(text, 0, len(text)), styled)]


def _fixes(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    return list(_fixes_in(server.documents, params.text_document.uri, params.range))


def _fixes_in(documents: Documents, uri: str, place: types.Range) -> Iterator[types.CodeAction]:
    start, end = documents.offset(uri, place.start), documents.offset(uri, place.end)
    for finding in findings(documents.paths[uri], documents.texts).found:
        edit = finding.diagnostic.edit
        if edit is None or finding.elsewhere or edit.span.source.name != finding.span.source.name:
            continue
        first, last = min(finding.span.start, edit.span.start), max(finding.span.end, edit.span.end)
        if start > last or end < first:
            continue
        where = documents.range(edit.span.source.text, edit.span.start, edit.span.end)
        yield types.CodeAction(
            title=f"write `{edit.replacement.strip()}`" if edit.replacement.strip() else f"remove `{edit.span.text}`",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[documents.diagnostic(finding)],
            edit=types.WorkspaceEdit(changes={uri: [types.TextEdit(where, edit.replacement)]}),
            is_preferred=edit.safe,
        )


def _rename(server: Server, params: types.RenameParams) -> types.WorkspaceEdit:
    documents, uri = server.documents, params.text_document.uri
    path, offset = documents.paths[uri], documents.offset(uri, params.position)
    try:
        found = renaming(path, offset, params.new_name, documents.texts, server.folders(path))
    except RefusedError as reason:
        raise JsonRpcInvalidParams(str(reason)) from None
    changes: dict[str, list[types.TextEdit]] = {}
    for file, spans in found.items():
        places = [documents.range(span.source.text, span.start, span.end) for span in spans]
        changes[documents.uri(file)] = [types.TextEdit(place, params.new_name) for place in places]
    return types.WorkspaceEdit(changes=dict(changes))


def server() -> Server:
    """A language server that has not begun to listen."""
    made = Server()
    made.feature(types.INITIALIZED)(_initialized)
    made.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_changed_on_disk)
    made.feature(types.TEXT_DOCUMENT_DID_OPEN)(_opened)
    made.feature(types.TEXT_DOCUMENT_DID_CHANGE)(_changed)
    made.feature(types.TEXT_DOCUMENT_DID_CLOSE)(_closed)
    made.feature(types.TEXT_DOCUMENT_HOVER)(_hover)
    made.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=list(_OPENS_A_LIST)))(
        _completion
    )
    made.feature(types.TEXT_DOCUMENT_DEFINITION)(_definition)
    made.feature(types.TEXT_DOCUMENT_FORMATTING)(_formatting)
    made.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions([types.CodeActionKind.QuickFix]))(_fixes)
    made.feature(types.TEXT_DOCUMENT_RENAME)(_rename)
    return made
