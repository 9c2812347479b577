"""The requests of an editor, each answered by a module of its own, in the protocol's terms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import ParamSpec, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from taxon.server.colours import MODIFIERS, TYPES, colours
from taxon.server.completion import completions
from taxon.server.definition import definition
from taxon.server.deltas import encoded
from taxon.server.documents import Document, Documents, positions
from taxon.server.editing import in_style
from taxon.server.folding import folds, selections
from taxon.server.hover import hover
from taxon.server.item import Completion
from taxon.server.references import highlights, references_to
from taxon.server.renaming import RefusedError, renaming
from taxon.server.reporting import FIX_ALL, fix_all, quick_fixes
from taxon.server.serving import Server
from taxon.server.symbols import Item, named_like, outline
from taxon.server.view import file_of

_OPENS_A_LIST = '.=(+ "/'

_COMPLETIONS = {
    "path": types.CompletionItemKind.Property,
    "choice": types.CompletionItemKind.EnumMember,
    "parameter": types.CompletionItemKind.Field,
    "keyword": types.CompletionItemKind.Keyword,
    "file": types.CompletionItemKind.Module,
    "name": types.CompletionItemKind.Class,
    "code": types.CompletionItemKind.Constant,
}

_SYMBOLS = {
    "algorithm": types.SymbolKind.Class,
    "architecture": types.SymbolKind.Struct,
    "study": types.SymbolKind.Interface,
    "tune": types.SymbolKind.Interface,
    "group": types.SymbolKind.Object,
    "path": types.SymbolKind.Property,
    "condition": types.SymbolKind.Event,
}

_FOLDS = {
    "region": types.FoldingRangeKind.Region,
    "comment": types.FoldingRangeKind.Comment,
    "imports": types.FoldingRangeKind.Imports,
}

_LEGEND = types.SemanticTokensLegend(TYPES, MODIFIERS)

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


async def _searched(search: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs) -> _Result:
    """What a search through folders finds, beside the other requests."""
    try:
        return await asyncio.to_thread(search, *given, **named)
    except OSError as error:
        raise JsonRpcInvalidParams(f"{error.filename} cannot be searched: {error.strerror or error}") from None


def _hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    documents, document = server.documents, server.documents[params.text_document.uri]
    found = hover(document.path, documents.offset(document, params.position), documents.texts, server.mathematics)
    if found is None:
        return None
    text, span = found
    return types.Hover(_marked(text, server.able("text_document.hover.content_format")), documents.span(span))


def _marked(text: str, formats: list[types.MarkupKind] | None) -> types.MarkupContent:
    plain = bool(formats) and types.MarkupKind.Markdown not in (formats or ())
    return types.MarkupContent(types.MarkupKind.PlainText if plain else types.MarkupKind.Markdown, text)


def _completion(server: Server, params: types.CompletionParams) -> types.CompletionList:
    documents, document = server.documents, server.documents[params.text_document.uri]
    text, offset = document.text, documents.offset(document, params.position)
    asked = params.context.trigger_character if params.context is not None else None
    if asked == " " and not text[text.rfind("\n", 0, offset) + 1 : offset].strip():
        return types.CompletionList(is_incomplete=False, items=[])  # a space that indents a line requests nothing
    found = completions(document.path, text, offset, documents.texts)
    items = [_item(each, at, document, server) for at, each in enumerate(found)]
    return types.CompletionList(is_incomplete=False, items=items)


def _item(found: Completion, at: int, document: Document, server: Server) -> types.CompletionItem:
    text, documents = document.text, server.documents
    replaced = text[found.start : found.end]
    line_end = found.start + len(replaced.splitlines()[0] if replaced else "")  # an edit of completion has one line
    snippet = bool(found.hole and server.able("text_document.completion.completion_item.snippet_support"))
    written = f"{_verbatim(found.text)}${{1:{_verbatim(found.hole)}}}" if snippet else found.text
    formats = server.able("text_document.completion.completion_item.documentation_format")
    return types.CompletionItem(
        label=found.label,
        kind=_COMPLETIONS[found.kind],
        detail=found.detail or None,
        documentation=_marked(found.documentation, formats) if found.documentation else None,
        sort_text=f"{at:04}",
        filter_text=found.label,
        text_edit=types.TextEdit(documents.range(text, found.start, line_end), written),
        insert_text_format=types.InsertTextFormat.Snippet if snippet else None,
        additional_text_edits=[types.TextEdit(documents.range(text, line_end, found.end), "")]
        if line_end < found.end
        else None,
    )


def _verbatim(text: str) -> str:
    """A text in a snippet, where three characters mean something."""
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")


def _definition(server: Server, params: types.DefinitionParams) -> types.Location | list[types.Location] | None:
    documents, document = server.documents, server.documents[params.text_document.uri]
    found = definition(document.path, documents.offset(document, params.position), documents.texts)
    places = [documents.location(*place) for place in found]
    return places if len(places) > 1 else next(iter(places), None)


async def _references(server: Server, params: types.ReferenceParams) -> list[types.Location]:
    documents, document = server.documents, server.documents[params.text_document.uri]
    offset, declared = documents.offset(document, params.position), params.context.include_declaration
    folders, texts = server.folders(document), documents.texts
    found = await _searched(references_to, document.path, offset, texts, folders, declared)
    return [documents.location(path, span) for path, spans in found.items() for span in spans]


def _highlights(server: Server, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
    documents, document = server.documents, server.documents[params.text_document.uri]
    found = highlights(document.path, documents.offset(document, params.position), documents.texts)
    return [types.DocumentHighlight(documents.span(span), types.DocumentHighlightKind.Text) for span in found]


def _outline(
    server: Server, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol] | list[types.SymbolInformation]:
    documents, document = server.documents, server.documents[params.text_document.uri]
    found = outline(file_of(document.path, documents.texts))
    if server.able("text_document.document_symbol.hierarchical_document_symbol_support"):
        return [_symbol(item, documents) for item in found]
    return [each for item in found for each in _flat(item, document.uri, documents)]


def _symbol(item: Item, documents: Documents) -> types.DocumentSymbol:
    whole, name = documents.span(item.span), documents.span(item.name_span)
    below = [_symbol(each, documents) for each in item.below]
    return types.DocumentSymbol(item.name, _SYMBOLS[item.kind], whole, name, item.detail or None, children=below)


def _flat(item: Item, uri: str, documents: Documents, within: str | None = None) -> Iterator[types.SymbolInformation]:
    yield types.SymbolInformation(
        types.Location(uri, documents.span(item.span)), item.name, _SYMBOLS[item.kind], container_name=within
    )
    for each in item.below:
        yield from _flat(each, uri, documents, item.name)


async def _symbols(server: Server, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
    documents = server.documents
    found = await _searched(named_like, params.query, documents.texts, server.folders())
    return [
        types.SymbolInformation(documents.location(path, item.name_span), item.name, _SYMBOLS[item.kind])
        for path, item in found
    ]


def _colours(server: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
    document = server.documents[params.text_document.uri]
    return server.deltas.whole(document.uri, _encoded(server, document))


def _new_colours(
    server: Server, params: types.SemanticTokensDeltaParams
) -> types.SemanticTokens | types.SemanticTokensDelta:
    document = server.documents[params.text_document.uri]
    return server.deltas.since(document.uri, params.previous_result_id, _encoded(server, document))


def _colours_within(server: Server, params: types.SemanticTokensRangeParams) -> types.SemanticTokens:
    documents, document = server.documents, server.documents[params.text_document.uri]
    start, end = documents.offset(document, params.range.start), documents.offset(document, params.range.end)
    return types.SemanticTokens(_encoded(server, document, start, end))


def _encoded(server: Server, document: Document, start: int = 0, end: int | None = None) -> list[int]:
    found = colours(file_of(document.path, server.documents.texts))
    within = [colour for colour in found if colour.end > start and (end is None or colour.start < end)]
    return encoded(within, positions(document.text, server.documents.encoding))


def _folding(server: Server, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    documents, document = server.documents, server.documents[params.text_document.uri]
    lines_only = server.able("text_document.folding_range.line_folding_only")
    ranges: list[types.FoldingRange] = []
    for start, end, kind in folds(file_of(document.path, documents.texts)):
        place = documents.range(document.text, start, end)
        first, last = place.start, place.end
        end_line = last.line - 1 if lines_only and kind == "region" else last.line  # the closing bracket stays in sight
        if end_line > first.line:
            whole = not lines_only
            ranges.append(
                types.FoldingRange(
                    first.line,
                    end_line,
                    first.character if whole else None,
                    last.character if whole else None,
                    _FOLDS[kind],
                )
            )
    return ranges


def _selections(server: Server, params: types.SelectionRangeParams) -> list[types.SelectionRange]:
    documents, document = server.documents, server.documents[params.text_document.uri]
    file = file_of(document.path, documents.texts)
    found: list[types.SelectionRange] = []
    for position in params.positions:
        around: types.SelectionRange | None = None
        for span in reversed(selections(file, documents.offset(document, position))):
            around = types.SelectionRange(documents.span(span), around)
        assert around is not None  # the whole document is around every place
        found.append(around)
    return found


def _formatting(server: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    document = server.documents[params.text_document.uri]
    styled = in_style(document.path, document.text)
    if styled is None or styled == document.text:
        return None
    return [types.TextEdit(server.documents.range(document.text, 0, len(document.text)), styled)]


async def _actions(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    """What may be done about the findings of the version that is open: a check of it is waited for."""
    document = server.documents[params.text_document.uri]
    found = await server.checks.latest(document)
    document = server.documents[document.uri]
    wanted = [types.CodeActionKind.Empty] if params.context.only is None else params.context.only
    offered: list[types.CodeAction] = []
    if _among(types.CodeActionKind.QuickFix, wanted):
        offered += quick_fixes(found.found, document, params.range, server.documents)
    if _among(FIX_ALL, wanted) and any(each.diagnostic.edit for each in found.found):
        whole = await asyncio.to_thread(fix_all, document, server.documents.texts, server.documents)
        offered += [] if whole is None else [whole]
    return offered


def _among(kind: str, wanted: Sequence[str]) -> bool:
    """Whether a kind of actions is one of some kinds, or below one: `source.fixAll.taxon` is a `source`."""
    return any(not each or kind == each or kind.startswith(each + ".") for each in wanted)


async def _rename(server: Server, params: types.RenameParams) -> types.WorkspaceEdit:
    documents, document = server.documents, server.documents[params.text_document.uri]
    offset = documents.offset(document, params.position)
    folders, texts = server.folders(document), documents.texts
    try:
        found = await _searched(renaming, document.path, offset, params.new_name, texts, folders)
    except RefusedError as reason:
        raise JsonRpcInvalidParams(str(reason)) from None
    changes = {
        documents.uri(file): [types.TextEdit(documents.span(span), params.new_name) for span in spans]
        for file, spans in found.items()
    }
    return types.WorkspaceEdit(changes=dict(changes))


def server() -> Server:
    """A language server that has not been started."""
    made = Server()
    made.feature(types.TEXT_DOCUMENT_HOVER)(_hover)
    made.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=list(_OPENS_A_LIST)))(
        _completion
    )
    made.feature(types.TEXT_DOCUMENT_DEFINITION)(_definition)
    made.feature(types.TEXT_DOCUMENT_REFERENCES)(_references)
    made.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)(_highlights)
    made.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)(_outline)
    made.feature(types.WORKSPACE_SYMBOL)(_symbols)
    made.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, _LEGEND)(_colours)
    made.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL_DELTA, _LEGEND)(_new_colours)
    made.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, _LEGEND)(_colours_within)
    made.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)(_folding)
    made.feature(types.TEXT_DOCUMENT_SELECTION_RANGE)(_selections)
    made.feature(types.TEXT_DOCUMENT_FORMATTING)(_formatting)
    kinds = [types.CodeActionKind.QuickFix, FIX_ALL]
    made.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(kinds))(_actions)
    made.feature(types.TEXT_DOCUMENT_RENAME)(_rename)
    return made
