"""Checks run beside the requests, of the latest version alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from server.editor import Editor

from taxon.server.findings import OutdatedError, findings

SMALL = "taxon 1\nimport std.sac\n\nalgorithm mine extends sac {\n\n  gamma = 0.9\n}\n"
LINES = 2_042


def large(gamma: str) -> str:
    body = f"algorithm a{{}} extends sac {{{{\n  gamma = {gamma}\n  network {{{{ activation = elu }}}}\n}}}}\n"
    return "taxon 1\nimport std.sac\n" + "".join(body.format(number) for number in range(LINES // 4))


def test_a_request_does_not_wait_for_a_check(tmp_path: Path) -> None:
    """The answer comes before the diagnostics of a large document that was opened earlier."""
    editor = Editor(tmp_path)
    editor.open("open.tx", SMALL)
    uri = editor.uri("large.tx")
    document = {"uri": uri, "languageId": "taxon", "version": 1, "text": large("0.9")}
    editor.tell("textDocument/didOpen", {"textDocument": document})
    assert editor.hears_hover()
    assert uri not in editor.published
    editor.versions["large.tx"] = 1
    assert editor.diagnostics("large.tx") == []
    assert editor.close() == 0


def test_a_version_that_is_outdated_is_not_shown(tmp_path: Path) -> None:
    """Nor is what it would have said of the one that is there now."""
    editor = Editor(tmp_path)
    shown: list[int] = []
    document = {"uri": editor.uri("large.tx"), "languageId": "taxon", "version": 1, "text": large("9")}
    editor.tell("textDocument/didOpen", {"textDocument": document})
    for version in range(2, 8):
        change = {"textDocument": {"uri": editor.uri("large.tx"), "version": version}}
        text = large("0.9" if version == 7 else "9")
        editor.tell("textDocument/didChange", {**change, "contentChanges": [{"text": text}]})
    while 7 not in shown:
        message = editor.read()
        if message.get("method") == "textDocument/publishDiagnostics":
            shown.append(message["params"]["version"])
            assert message["params"]["diagnostics"] == []
    assert shown == [7]
    assert editor.close() == 0


def test_a_check_that_is_outdated_ends() -> None:
    path = Path("/nowhere/large.tx")
    asked: list[int] = []

    def outdated() -> bool:
        asked.append(1)
        return len(asked) == 3

    with pytest.raises(OutdatedError):
        findings(path, {path: large("0.9")}, outdated)
    assert len(asked) == 3


def test_a_document_that_is_closed_while_it_is_checked(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    editor.open("open.tx", SMALL)
    document = {"uri": editor.uri("large.tx"), "languageId": "taxon", "version": 1, "text": large("9")}
    editor.tell("textDocument/didOpen", {"textDocument": document})
    editor.shut("large.tx")
    assert editor.change("open.tx", SMALL + "# more\n") == []
    assert editor.published[editor.uri("large.tx")]["diagnostics"] == []
    assert editor.close() == 0


def test_what_changes_while_it_is_not_watched_is_read_again(tmp_path: Path) -> None:
    """A hover over what a document imports shows what is on the disk now."""
    editor = Editor(tmp_path)
    base = "taxon 1\n/// {}\nalgorithm base extends std.sac {{}}\n"
    editor.write("base.tx", base.format("First."))
    editor.open("child.tx", 'taxon 1\nimport "base.tx"\nalgorithm child extends base {}\n')
    assert "First." in editor.at("textDocument/hover", "child.tx", (1, 10))["contents"]["value"]
    editor.write("base.tx", base.format("Second, which is longer."))
    assert "Second" in editor.at("textDocument/hover", "child.tx", (1, 10))["contents"]["value"]
    (tmp_path / "base.tx").unlink()
    assert editor.at("textDocument/hover", "child.tx", (1, 10)) is None
    assert editor.close() == 0
