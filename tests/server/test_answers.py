"""Whatever an editor sends, in whatever order: each request has an answer, and the server goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server.editor import Editor

from taxon.server.requests import server

TEXT = "taxon 1\nimport std.sac\n\n/// Mine.\nalgorithm mine extends sac {\n  gamma = 0.9\n}\n"
INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, PARSE_ERROR, NOT_INITIALIZED = -32600, -32601, -32602, -32700, -32002

# Every request that the server takes, but for the two of its own life.
METHODS = sorted(
    method
    for method in server().protocol.fm.features
    if not method.startswith("textDocument/did") and not method.startswith("workspace/did") and "/" in method
)
PLACE = {"line": 4, "character": 12}


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    editor = Editor(tmp_path_factory.mktemp("answers"))
    editor.open("open.tx", TEXT)
    yield editor
    assert editor.hears_hover()
    assert editor.close() == 0


def whole(editor: Editor, name: str = "open.tx") -> dict[str, Any]:
    """Parameters that are right for every request, and more than each takes."""
    return {
        "textDocument": {"uri": editor.uri(name)},
        "position": PLACE,
        "positions": [PLACE],
        "range": {"start": {"line": 0, "character": 0}, "end": PLACE},
        "context": {"diagnostics": [], "includeDeclaration": True, "triggerKind": 1},
        "options": {"tabSize": 2, "insertSpaces": True},
        "newName": "another",
        "query": "mi",
        "previousResultId": "1",
        "nobodyKnows": [{}],
    }


def test_the_requests_are_those_that_the_server_announces() -> None:
    assert len(METHODS) >= 14
    assert "textDocument/hover" in METHODS


@pytest.mark.parametrize("method", METHODS)
def test_a_request_that_is_right(speaking: Editor, method: str) -> None:
    assert "error" not in speaking.answer({"method": method, "params": whole(speaking)})


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("lost", ["textDocument", "position", "range", "positions", "context", "newName", "query"])
def test_a_request_that_lacks_a_parameter(speaking: Editor, method: str, lost: str) -> None:
    """It is answered: with an error where the parameter is one that it takes."""
    params = whole(speaking)
    del params[lost]
    answer = speaking.answer({"method": method, "params": params})
    if "error" in answer:
        assert answer["error"]["code"] == INVALID_PARAMS
        assert lost[:4].lower() in answer["error"]["message"].lower().replace("_", "")
    if (method, lost) in (("textDocument/hover", "position"), ("textDocument/rename", "newName")):
        assert "error" in answer


@pytest.mark.parametrize("method", [method for method in METHODS if method.startswith("textDocument/")])
def test_a_document_that_is_not_open(speaking: Editor, method: str) -> None:
    (speaking.folder / "closed.tx").write_text(TEXT)
    for name in ("closed.tx", "missing.tx"):
        answer = speaking.answer({"method": method, "params": whole(speaking, name)})
        assert answer["error"]["code"] == INVALID_PARAMS
        assert answer["error"]["message"] == f"{speaking.uri(name)} is not open"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES = st.fixed_dictionaries({"line": st.integers(-1, 2**32), "character": st.integers(-1, 2**32)})
URIS = st.sampled_from(
    ["file:///", "file://", "untitled:a", "", "http://h/x.tx", "file:///c%3A/x.tx", "c:\\x.tx", "file:///%00", "\ud800"]
)
PARAMS = (
    st.none()
    | JSON
    | st.dictionaries(
        st.sampled_from(
            [
                "textDocument",
                "position",
                "positions",
                "range",
                "context",
                "newName",
                "query",
                "options",
                "jsonrpc",
                "id",
            ]
        ),
        JSON
        | PLACES
        | st.lists(PLACES, max_size=2)
        | st.fixed_dictionaries({"start": PLACES, "end": PLACES})
        | st.fixed_dictionaries({"uri": URIS}),
    )
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=st.sampled_from([*METHODS, "$/nobody", "nobody", "initialize"]), params=PARAMS, keeps=st.booleans())
def test_drawn_parameters(speaking: Editor, method: str, params: Any, keeps: bool) -> None:
    """Right in all but some, or in none: an answer comes, and it says what is wrong or holds a result."""
    sent = {**whole(speaking), **params} if keeps and isinstance(params, dict) else params
    answer = speaking.answer({"method": method, "params": sent})
    assert ("error" in answer) != ("result" in answer)
    if "error" in answer:
        assert answer["error"]["code"] in (INVALID_REQUEST, NO_METHOD, INVALID_PARAMS)
        assert "\n" not in answer["error"]["message"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["didOpen", "didChange", "didClose", "didSave", "willSave", "nobody"]),
    params=PARAMS,
    uri=URIS,
)
def test_drawn_notifications(speaking: Editor, method: str, params: Any, uri: str) -> None:
    """They have no answer; the next request does."""
    speaking.tell(f"textDocument/{method}", params)
    document = {"uri": uri, "languageId": "taxon", "version": 1, "text": TEXT}
    speaking.tell("textDocument/didOpen", {"textDocument": document})
    for each in METHODS:
        if each.startswith("textDocument/"):
            speaking.answer({"method": each, "params": {**whole(speaking), "textDocument": {"uri": uri}}})
    speaking.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert speaking.hears_hover()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", PARSE_ERROR),
        (b"\xff\xfe", PARSE_ERROR),
        (b"[" * 100_000, PARSE_ERROR),
        (b"[]", None),
        (b"7", None),
        (b'{"id": 7}', INVALID_REQUEST),
        (b'{"jsonrpc": "1.0", "id": 7, "method": "shutdown"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "shutdown"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": null, "method": "shutdown"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 7, "method": {}}', NO_METHOD),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "nobody"}', NO_METHOD),
        (b'{"jsonrpc": "2.0", "id": 7, "result": 3}', None),
        (b'{"jsonrpc": "2.0", "id": [], "result": 3}', None),
        (b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 99}}', None),
        (b'{"jsonrpc": "2.0", "method": "$/cancelRequest"}', None),
        (b'{"jsonrpc": "2.0"}', None),
    ],
)
def test_what_is_no_message(speaking: Editor, body: bytes, code: int | None) -> None:
    speaking.send(body)
    if code is not None:
        while "error" not in (answer := speaking.read()):
            pass
        assert answer["error"]["code"] == code
    assert speaking.hears_hover()


# --- the order of things


def test_before_initialize(tmp_path: Path) -> None:
    editor = Editor(tmp_path, starts=False)
    answer = editor.answer({"method": "textDocument/hover", "params": whole(editor)})
    assert answer["error"]["code"] == NOT_INITIALIZED
    assert editor.answer({"method": "shutdown"})["error"]["code"] == NOT_INITIALIZED
    editor.tell("textDocument/didOpen", {})
    editor.start({"processId": None, "rootUri": None, "capabilities": {}})
    again = editor.answer({"method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}})
    assert again["error"]["code"] == INVALID_REQUEST
    assert editor.close() == 0


def test_an_initialize_that_cannot_be_read_is_followed_by_one_that_can(tmp_path: Path) -> None:
    editor = Editor(tmp_path, starts=False)
    assert editor.answer({"method": "initialize", "params": {"capabilities": 3}})["error"]["code"] == INVALID_PARAMS
    editor.start({"processId": None, "rootUri": None, "capabilities": {}})
    assert editor.close() == 0


def test_exit_before_initialize(tmp_path: Path) -> None:
    editor = Editor(tmp_path, starts=False)
    editor.tell("exit", None)
    assert editor.process.wait(60) == 1


def test_exit_without_shutdown(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    editor.tell("exit", None)
    assert editor.process.wait(60) == 1


def test_requests_after_shutdown(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    editor.open("open.tx", TEXT)
    editor.tell("textDocument/didChange", changed(editor, 2, [{"text": TEXT * 300}]))  # a check is under way
    assert editor.answer({"method": "shutdown"})["result"] is None
    for method in ("textDocument/hover", "shutdown", "initialize"):
        assert editor.answer({"method": method, "params": whole(editor)})["error"]["code"] == INVALID_REQUEST
    editor.tell("textDocument/didOpen", {})
    editor.tell("exit", None)
    assert editor.process.wait(60) == 0


# --- documents


def changed(editor: Editor, version: int, changes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"textDocument": {"uri": editor.uri("open.tx"), "version": version}, "contentChanges": changes}


def span(*ends: int) -> dict[str, Any]:
    return {"start": {"line": ends[0], "character": ends[1]}, "end": {"line": ends[2], "character": ends[3]}}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ([], []),
        ([{"range": span(5, 10, 5, 13), "text": "9"}], ["TX204"]),
        ([{"range": span(5, 10, 5, 13), "text": "9"}, {"range": span(5, 10, 5, 11), "text": "0.8"}], []),
        ([{"range": span(5, 13, 5, 10), "text": "9"}], ["TX204"]),  # the wrong way round
        ([{"range": span(5, 13, 5, 99), "text": "9"}], []),  # beyond the line's end
        ([{"range": span(900, 0, 900, 9), "text": "algorithm other extends sac { gamma = 9 }\n"}], ["TX204"]),
        ([{"text": "x"}, {"text": TEXT}], []),
    ],
)
def test_changes_of_ranges(tmp_path: Path, changes: list[dict[str, Any]], codes: list[str]) -> None:
    """The server asks for whole texts; who sends ranges has them applied, wherever they are."""
    editor = Editor(tmp_path)
    editor.open("open.tx", TEXT)
    editor.versions["open.tx"] = 2
    editor.tell("textDocument/didChange", changed(editor, 2, changes))
    assert [found["code"] for found in editor.diagnostics("open.tx")] == codes
    assert editor.close() == 0


def test_a_document_under_two_uris(tmp_path: Path) -> None:
    """Through a link to its folder, say: closing one of them leaves the other as it is."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    editor = Editor(tmp_path, folders=[real, link])
    assert editor.open("real/a.tx", TEXT) == []
    assert [found["code"] for found in editor.open("link/a.tx", TEXT.replace("0.9", "9"))] == ["TX204"]
    editor.shut("link/a.tx")
    assert editor.settled("real/a.tx") == []
    assert "gamma" in editor.at("textDocument/hover", "real/a.tx", (5, 4))["contents"]["value"]
    editor.shut("real/a.tx")
    assert editor.close() == 0


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "file:///c%3A/specs/a.tx", "file://host/share/a.tx", "vscode-vfs://github/x/a.tx"]
)
def test_a_document_that_is_no_file(tmp_path: Path, uri: str) -> None:
    editor = Editor(tmp_path)
    document = {"uri": uri, "languageId": "taxon", "version": 1, "text": TEXT.replace("0.9", "9")}
    editor.tell("textDocument/didOpen", {"textDocument": document})
    where = {"textDocument": {"uri": uri}, "position": {"line": 5, "character": 4}}
    assert "gamma" in editor.ask("textDocument/hover", where)["contents"]["value"]
    fixes = {**where, "range": span(0, 0, 9, 0), "context": {"diagnostics": []}}
    editor.ask("textDocument/codeAction", fixes)
    assert [found["code"] for found in editor.published[uri]["diagnostics"]] == ["TX204"]
    (name, _) = (
        editor.ask(
            "textDocument/references",
            {
                "textDocument": {"uri": uri},
                "position": {"line": 4, "character": 12},
                "context": {"includeDeclaration": True},
            },
        )
        * 2
    )
    assert name["uri"] == uri
    assert editor.close() == 0


def test_a_file_that_is_deleted_on_the_disk(tmp_path: Path) -> None:
    """The editor's text counts while it is open; who imports it loses it when it is closed."""
    editor = Editor(tmp_path, watches=True)
    base = "taxon 1\nimport std.sac\nalgorithm base extends sac { gamma = 0.9 }\n"
    child = 'taxon 1\nimport "base.tx"\nalgorithm child extends base { network.activation = relu }\n'
    editor.write("base.tx", base)
    assert editor.open("base.tx", base) == []
    assert editor.open("child.tx", child) == []
    (tmp_path / "base.tx").unlink()
    editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": editor.uri("base.tx"), "type": 3}]})
    assert editor.settled("base.tx") == []
    editor.shut("base.tx")
    assert [found["code"] for found in editor.settled("child.tx")] == ["TX103"]
    assert editor.close() == 0


def test_a_document_that_is_too_large(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    (found,) = editor.open("open.tx", TEXT + "#" * 70_000)
    assert found["severity"] == 1
    for method in METHODS:
        assert "error" not in editor.answer({"method": method, "params": whole(editor)}) or method.endswith("rename")
    assert editor.change("open.tx", TEXT) == []
    assert editor.close() == 0


def test_messages_are_json(speaking: Editor) -> None:
    """What is sent by hand above is what the client sends."""
    speaking.send(
        json.dumps({"jsonrpc": "2.0", "id": "a string", "method": "textDocument/hover", "params": {}}).encode()
    )
    while (answer := speaking.read()).get("id") != "a string":
        pass
    assert answer["error"]["code"] == INVALID_PARAMS
