"""What `taxon check --fix` writes, an editor writes: each edit as a quick fix, and all safe ones at once."""

from __future__ import annotations

import shutil
from typing import Any

from server.editor import Editor, applied

from taxon.data import corpus_dir
from taxon.semantics import check_file
from taxon.semantics.fixing import fix


def asked(editor: Editor, name: str, text: str, kind: str) -> list[dict[str, Any]]:
    """The actions of a kind, anywhere in a document."""
    end = {"line": text.count("\n") + 1, "character": 0}
    place = {"start": {"line": 0, "character": 0}, "end": end}
    wanted = {"textDocument": {"uri": editor.uri(name)}, "range": place}
    found = editor.ask("textDocument/codeAction", {**wanted, "context": {"diagnostics": [], "only": [kind]}})
    return list(found)


def test_every_edit_of_the_command_line(editor: Editor) -> None:
    """On every spec of the corpus whose mistakes have a way out."""
    shutil.copytree(corpus_dir() / "bad", editor.folder, dirs_exist_ok=True)
    tried = 0
    for file in sorted(editor.folder.glob("tx*.tx")):
        edits = {found.edit for found in check_file(file) if found.edit is not None}
        own = {edit for edit in edits if edit.span.source.name == str(file)}
        if not own:
            continue
        tried += 1
        text = next(iter(own)).span.source.text
        editor.open(file.name, text)
        offered = {each for action in asked(editor, file.name, text, "quickfix") for each in made(text, action)}
        wanted = {text[: edit.span.start] + edit.replacement + text[edit.span.end :] for edit in own}
        assert offered == wanted, file.name
        whole = [each for action in asked(editor, file.name, text, "source") for each in made(text, action)]
        assert whole == [each.after for each in fix([str(file)], unsafe=False)], file.name
        editor.shut(file.name)
    assert tried > 30


def made(text: str, action: dict[str, Any]) -> list[str]:
    return [applied(text, edits) for edits in changes(action)]


def changes(action: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return list(action["edit"]["changes"].values())


def test_an_edit_that_uncovers_another(editor: Editor) -> None:
    """As on the command line, which goes on until nothing is left."""
    text = "taxon 1\r\nalgorithm mine extends std.sac {\r\n  Network.Activation = ReLU // as in the paper\r\n}\r\n"
    editor.open("rounds.tx", text)
    (action,) = asked(editor, "rounds.tx", text, "source.fixAll")
    (edits,) = changes(action)
    mended = applied(text, edits)
    assert (
        mended
        == "taxon 1\r\nalgorithm mine extends std.sac {\r\n  network.activation = relu # as in the paper\r\n}\r\n"
    )
    assert editor.change("rounds.tx", mended) == []
    assert asked(editor, "rounds.tx", mended, "source.fixAll") == []
    assert asked(editor, "rounds.tx", text, "refactor") == []


def test_a_suggestion_is_for_the_author_to_take(editor: Editor) -> None:
    """A quick fix that is not preferred, and no part of what is done at once."""
    text = "taxon 1\nalgorithm mine extends std.sac { network.activation = reluu }\n"
    editor.open("suggested.tx", text)
    (action,) = asked(editor, "suggested.tx", text, "quickfix")
    assert not action["isPreferred"]
    assert asked(editor, "suggested.tx", text, "source.fixAll.taxon") == []
