"""Every prefix of a spec is a document that somebody has open: all that an editor asks about it is answered."""

from __future__ import annotations

import gc
import time
from contextlib import suppress

import pytest
from server.editor import Editor

from taxon.data import specs_dir
from taxon.diagnostics.model import Severity
from taxon.server.completion import completions
from taxon.server.definition import definition
from taxon.server.editing import in_style
from taxon.server.findings import findings
from taxon.server.hover import hover
from taxon.server.renaming import RefusedError, renaming

SPECS = ("sac_el", "rwr_return")
LIMIT = 1.0  # seconds of processor time


@pytest.mark.parametrize("name", SPECS)
def test_every_prefix(name: str) -> None:
    path = specs_dir() / f"{name}.tx"
    text = path.read_text("utf-8")
    slowest = 0.0
    gc.collect()
    gc.freeze()  # what other tests left behind is not collected meanwhile, which takes a second
    for length in range(len(text) + 1):
        prefix = text[:length]
        texts = {path.resolve(): prefix}
        begun = time.process_time()
        found = findings(path, texts).found
        slowest = max(slowest, time.process_time() - begun)
        assert all(0 <= each.span.start <= each.span.end <= length for each in found), prefix
        broken = any(each.diagnostic.severity is Severity.ERROR for each in found)
        assert broken or length >= len("taxon 1"), prefix
        completions(path, prefix, length, texts)
    gc.unfreeze()
    assert slowest < LIMIT


@pytest.mark.parametrize("name", SPECS)
def test_every_place_of_a_broken_spec(name: str) -> None:
    """The cursor anywhere in a text that lacks its last line's end, a brace, or a bracket."""
    path = specs_dir() / f"{name}.tx"
    whole = path.read_text("utf-8")
    for text in (whole[: len(whole) * 2 // 3], whole.replace("}", "", 1), whole.replace("(", "", 1)):
        texts = {path.resolve(): text}
        for offset in range(0, len(text) + 1, 23):
            completions(path, text, offset, texts)
            hover(path, offset, texts)
            definition(path, offset, texts)
            with suppress(RefusedError):
                renaming(path, offset, "another", texts, [])
        in_style(path, text)


HOSTILE = {
    "empty": "",
    "nul": "taxon 1\nalgorithm a { \0 }",
    "surrogate": 'taxon 1\nimport "\ud800.tx"\nalgorithm a extends \udfff {}',
    "deep": "taxon 1\nalgorithm a { x = " + "[" * 500,
    "large": "#" * 70_000,
    "strays": "taxon 1\n)]}algorithm a { gamma = ) ] } }\n)",
    "itself": 'taxon 1\nimport "itself.tx"\nalgorithm a extends a {}',
    "crossed": "taxon 1\nalgorithm a { G = td( } { ( [ } ) ]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents(editor: Editor, name: str) -> None:
    """The server answers, and answers the next one."""
    file, text = f"{name}.tx", HOSTILE[name]
    assert editor.open(file, text) != []
    last = (text.count("\n"), len(text.rpartition("\n")[2]))
    for method in ("completion", "hover", "definition"):
        editor.at(f"textDocument/{method}", file, last)
        editor.at(f"textDocument/{method}", file, (10_000, 10_000))
    document = {"textDocument": {"uri": editor.uri(file)}}
    for method in ("documentSymbol", "foldingRange", "semanticTokens/full"):
        editor.ask(f"textDocument/{method}", document)
    place = {"line": last[0], "character": last[1]}
    (around,) = editor.ask("textDocument/selectionRange", {**document, "positions": [place]})
    assert around["range"] is not None
    editor.at("textDocument/references", file, last, context={"includeDeclaration": True})
    editor.at("textDocument/documentHighlight", file, last)
    assert editor.change(file, "taxon 1\n") == []


def test_typing_over_the_protocol(editor: Editor) -> None:
    """Each stroke of a spec's last lines, not waiting in between: the last version is the one that is checked."""
    text = (specs_dir() / "sac_el.tx").read_text("utf-8").replace('"sac.tx"', "std.sac")
    editor.open("typed.tx", "taxon 1\n")
    for length in range(8, len(text), 3):
        editor.versions["typed.tx"] += 1
        document = {"uri": editor.uri("typed.tx"), "version": editor.versions["typed.tx"]}
        editor.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text[:length]}]})
    assert editor.change("typed.tx", text) == []
