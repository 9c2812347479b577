"""Documents that import each other: what is offered, where a path leads, and when a document is checked again."""

from __future__ import annotations

from pathlib import Path

import pytest
from server.editor import Editor, applied, cursor

from taxon.data import specs_dir

BASE = "taxon 1\nimport std.sac\nalgorithm base extends std.sac { gamma = 0.9 }\n"
CHILD = 'taxon 1\nimport "base.tx"\nalgorithm child extends base { network.activation = relu }\n'


# --- completion in an import


@pytest.fixture
def tree(editor: Editor) -> Editor:
    for name in ("first.tx", "sub/second.tx", "sub/deep/third.tx", ".hidden/no.tx", ".no.tx", 'q"uote.tx', "notes.md"):
        editor.write(f"tree/{name}", "taxon 1\n")
    return editor


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('import "|"', ["sub/", "first.tx", "../"]),
        ('import "|', ["sub/", "first.tx", "../"]),
        ('  import  "fi|', ["sub/", "first.tx", "../"]),
        ('import "sub/|"', ["deep/", "second.tx"]),
        ('import "sub/deep/|"', ["third.tx"]),
        ('import "sub/../|"', ["sub/", "first.tx"]),
        ('import "../tree/sub/|"', ["deep/", "second.tx"]),
        ('import "missing/|"', []),
        ('import "/|"', []),
        ('import "sub\\\\|"', []),
        ('# import "|"', []),
        ('import "first.tx" "|', []),
    ],
)
def test_files_to_import(tree: Editor, line: str, wanted: list[str]) -> None:
    """Folders first, then files, without the document itself."""
    assert list(tree.complete("tree/here.tx", f"taxon 1\n{line}\n")) == wanted


def test_the_folder_above(tree: Editor) -> None:
    tree.write("tree/sub/here.tx", "")
    assert {"first.tx", "sub/", "../"} <= tree.complete("tree/sub/here.tx", 'taxon 1\nimport "../|"\n').keys()


@pytest.mark.parametrize(
    ("line", "label", "after"),
    [
        ('import "fi|"', "first.tx", 'import "first.tx"'),
        ('import "fi|rs"', "first.tx", 'import "first.tx"'),
        ('import "s|ub/second.tx"', "sub/", 'import "sub/second.tx"'),
        ('import "fi|', "first.tx", 'import "first.tx'),
        ('import "sub/se|" # c', "second.tx", 'import "sub/second.tx" # c'),
    ],
)
def test_a_completion_replaces_the_name_that_is_begun(tree: Editor, line: str, label: str, after: str) -> None:
    text = f"taxon 1\n{line}\n"
    item = tree.complete("tree/here.tx", text)[label]
    assert applied(cursor(text)[0], [item["textEdit"]]) == f"taxon 1\n{after}\n"


def test_a_quote_and_a_slash_open_the_list(editor: Editor) -> None:
    assert {'"', "/", "."} <= set(editor.capabilities["completionProvider"]["triggerCharacters"])


def test_a_code_says_what_it_is_about(editor: Editor) -> None:
    item = editor.complete("code.tx", "taxon 1\nimport std.sac\nalgorithm a extends sac {\n  allow TX50|\n}\n")["TX501"]
    assert item["detail"] == "one critic under KL control"
    assert "Furuta" in item["documentation"]["value"]


# --- from a path to what it replaces


def leads(editor: Editor, name: str, text: str) -> list[tuple[str, str]]:
    """The files that a path leads to, and the texts there."""
    text, place = cursor(text)
    assert [found for found in editor.open(name, text) if found["severity"] == 1] == []
    found = editor.at("textDocument/definition", name, place)
    found = [] if found is None else found if isinstance(found, list) else [found]
    named: list[tuple[str, str]] = []
    for location in found:
        path = Path(location["uri"].removeprefix("file://"))
        start, end = location["range"]["start"], location["range"]["end"]
        assert start["line"] == end["line"]
        source = text if path == editor.folder / name else path.read_text("utf-8")
        line = source.splitlines()[start["line"]]
        named.append((path.name, line[start["character"] : end["character"]]))
    return named


def sac(path: str) -> str:
    """How the shipped spec begins to say what a path is."""
    line = next(line for line in (specs_dir() / "sac.tx").read_text("utf-8").splitlines() if line.split()[:1] == [path])
    return line.partition("= ")[2]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("g|amma = 0.8", [("below.tx", "0.9")]),
        ("unset gam|ma", [("below.tx", "0.9")]),
        ("gamma = 0.|8", []),
        ("optimizer.policy.l|r = 1e-4", [("below.tx", "2e-4")]),
        ("optimizer { policy.l|r = 1e-4 }", [("below.tx", "2e-4")]),
        ("optimizer { policy { l|r = 1e-4 } }", [("below.tx", "2e-4")]),
        ("optimizer.po|licy.lr = 1e-4", [("below.tx", "adam(lr = 2e-4)")]),
        ("optimi|zer.policy.lr = 1e-4", []),
        ("optimizer.policy.beta|1 = 0.5", [("below.tx", "adam(lr = 2e-4)")]),  # its default came with the constructor
        # the third is what a shared path below has set for the network of a prior
        ("network.activ|ation = elu", [("below.tx", "relu"), ("below.tx", "tanh"), ("ddpg.tx", "relu")]),
        ("network.policy.activ|ation = elu", [("below.tx", "relu")]),
        ("network.layer_n|orm = true", [("below.tx", "first")]),  # by the mixin; one entry for all networks
        ('gamma = 0.8, when env = "Ant-*" { gam|ma = 0.7 }', [("above.tx", "0.8")]),
        ('when env = "Ant-*" { gam|ma = 0.7 }', [("below.tx", "0.9")]),
        ("exploratio|n = gaussian(0.1)", []),  # nothing sets it
    ],
)
def test_a_path_leads_to_what_it_replaces(editor: Editor, body: str, wanted: list[tuple[str, str]]) -> None:
    editor.write(
        "below.tx",
        "taxon 1\nimport std.td3\narchitecture net { network.layer_norm = first }\n"
        "algorithm below extends std.td3 {\n  gamma = 0.9\n  optimizer.policy = adam(lr = 2e-4)\n"
        "  network.policy.activation = relu\n  network.value.activation = tanh\n  unset exploration\n}\n",
    )
    text = f'taxon 1\nimport "below.tx"\nalgorithm above extends below with net {{\n  {body}\n}}\n'
    assert leads(editor, "above.tx", text) == wanted


def test_a_path_leads_into_a_shipped_spec(editor: Editor) -> None:
    text = "taxon 1\nimport std.sac\nalgorithm mine extends sac {\n  G.es|timate = td(0) + clipped_double\n}\n"
    assert leads(editor, "mine.tx", text) == [("sac.tx", sac("G.estimate"))]


def test_what_a_study_varies_leads_to_its_base(editor: Editor) -> None:
    study = (
        'study s {\n  base = base\n  vary gam|ma in [0.9, 0.99]\n  on = ["Hopper-v4"]\n  seeds = 1\n  steps = 1M\n}\n'
    )
    assert leads(editor, "studied.tx", f"{BASE}{study}") == [("studied.tx", "0.9")]


@pytest.mark.parametrize(
    "text",
    [
        "taxon 1\narchitecture n { network.activ|ation = elu }\n",
        "taxon 1\nalgorithm a { gam|ma = 0.9 }\n",
        "taxon 1\nalgorithm a extends nobody { gam|ma = 0.9 }\n",
        "taxon 1\nalgorithm a extends a { gam|ma = 0.9 }\n",
        "taxon 1\nalgorithm a { unknown.pa|th = 0.9 }\n",
    ],
)
def test_a_path_that_replaces_nothing(editor: Editor, text: str) -> None:
    text, place = cursor(text)
    editor.open("nothing_there.tx", text)
    assert editor.at("textDocument/definition", "nothing_there.tx", place) is None


# --- what is checked again


def codes(editor: Editor, name: str) -> list[str]:
    """The codes shown in a document, once all that the server has to say has arrived."""
    return [found["code"] for found in editor.settled(name)]


def test_documents_that_import_the_edited_one_are_checked_again(tmp_path: Path) -> None:
    """Directly or through another file, open or not."""
    editor = Editor(tmp_path)
    editor.write("base.tx", BASE)
    editor.write("child.tx", CHILD)
    grand = 'taxon 1\nimport "child.tx"\nalgorithm grand extends child { network.policy.activation = elu }\n'
    apart = "taxon 1\nimport std.sac\nalgorithm apart extends std.sac { gamma = 9 }\n"
    assert editor.open("base.tx", BASE) == []
    assert editor.open("grand.tx", grand) == []
    editor.open("apart.tx", apart)
    before = editor.published[editor.uri("apart.tx")]
    editor.change("base.tx", BASE.replace("algorithm base", "algorithm bass"))
    assert codes(editor, "grand.tx") == ["TX101"]
    assert editor.published[editor.uri("apart.tx")] is before
    editor.change("base.tx", BASE)
    assert codes(editor, "grand.tx") == []
    editor.change("base.tx", "#" * 70_000)  # too large to be read
    assert codes(editor, "grand.tx") != []
    editor.change("base.tx", BASE)
    assert codes(editor, "grand.tx") == []
    assert editor.close() == 0


def test_what_changes_on_the_disk_is_checked_again(tmp_path: Path) -> None:
    editor = Editor(tmp_path, watches=True)
    assert [found["code"] for found in editor.open("child.tx", CHILD)] == ["TX103"]
    (watch,) = editor.registered
    assert watch["method"] == "workspace/didChangeWatchedFiles"
    assert watch["registerOptions"]["watchers"] == [{"globPattern": "**/*.tx"}]
    editor.write("base.tx", BASE)
    editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": editor.uri("base.tx"), "type": 1}]})
    assert codes(editor, "child.tx") == []
    assert editor.close() == 0


def test_an_editor_that_cannot_watch_is_not_asked_to(editor: Editor) -> None:
    editor.open("unwatched.tx", BASE)
    assert editor.registered == []
