"""A name that is changed in the file that declares it and in every file that uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from server.editor import Editor, applied

from taxon.data import specs_dir
from taxon.semantics import check_file

BASE = "taxon 1\nimport std.sac\n\n/// Ours.\nalgorithm base extends std.sac with net { gamma = 0.9 }\n"
NET = "taxon 1\n\narchitecture net { network.activation = elu }\n"
CHILD = 'taxon 1\nimport "../base.tx"\nalgorithm child extends base { gamma = 0.8 }\n'
STUDY = (
    'taxon 1\nimport "sub/child.tx" # \N{ROCKET}\nalgorithm other extends base with net { gamma = 0.7 }\n'
    'study s {\n  base = base\n  vary gamma in [0.9, 0.99]\n  on = ["Hopper-v4"]\n  seeds = 1\n  steps = 1M\n}\n'
)
ALONE = "taxon 1\nimport std.sac\nalgorithm base extends std.sac { gamma = 0.5 }\n"  # another one of that name
FILES = {
    "base.tx": BASE.replace("import std.sac", 'import std.sac\nimport "net.tx"'),
    "net.tx": NET,
    "sub/child.tx": CHILD,
    "study.tx": STUDY,
    "alone.tx": ALONE,
}


@pytest.fixture
def files(editor: Editor, tmp_path: Path) -> Editor:
    """A folder with files that import each other, open in an editor."""
    editor.move(tmp_path)
    for name, text in FILES.items():
        editor.write(name, text)
    return editor


def place(text: str, words: str) -> tuple[int, int]:
    """Where the last of some words begins."""
    at = text.index(words) + words.rindex(words.split()[-1])
    return text.count("\n", 0, at), at - text.rfind("\n", 0, at) - 1


def renamed(files: Editor, name: str, words: str, new: str) -> dict[str, str]:
    """Rename what stands in a document; the texts of the files that change, written back to the disk."""
    edit = files.at("textDocument/rename", name, place(FILES[name], words), newName=new)
    after: dict[str, str] = {}
    for uri, edits in edit["changes"].items():
        (known,) = [known for known in FILES if files.uri(known) == uri]
        after[known] = applied((files.folder / known).read_text("utf-8"), edits)
        files.write(known, after[known])
    return after


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("base.tx", "algorithm base"),
        ("sub/child.tx", "child extends base"),
        ("study.tx", "other extends base"),
        ("study.tx", "base = base"),
    ],
)
def test_from_the_declaration_and_from_each_use(files: Editor, name: str, words: str) -> None:
    assert files.open(name, FILES[name]) == []
    after = renamed(files, name, words, "ours")
    assert after == {
        "base.tx": FILES["base.tx"].replace("algorithm base", "algorithm ours"),
        "sub/child.tx": CHILD.replace("extends base", "extends ours"),
        "study.tx": STUDY.replace("extends base", "extends ours").replace("base = base", "base = ours"),
    }
    assert [finding for known in FILES for finding in check_file(files.folder / known)] == []


def test_an_architecture(files: Editor) -> None:
    files.open("net.tx", NET)
    after = renamed(files, "net.tx", "architecture net", "wide")
    assert after == {
        known: FILES[known].replace("with net", "with wide").replace("architecture net", "architecture wide")
        for known in ("net.tx", "base.tx", "study.tx")
    }


def test_unsaved_texts_count(files: Editor) -> None:
    """Of an open file what the editor has is read; one that uses the name on the disk alone is left as it is."""
    files.open("base.tx", FILES["base.tx"])
    files.open("sub/child.tx", 'taxon 1\nimport "../base.tx"\n\n\nalgorithm child extends base { gamma = 0.8 }\n')
    files.open("study.tx", 'taxon 1\nimport "alone.tx"\nalgorithm other extends base { gamma = 0.7 }\n')
    edit = files.at("textDocument/rename", "base.tx", place(FILES["base.tx"], "algorithm base"), newName="ours")
    assert edit["changes"].keys() == {files.uri("base.tx"), files.uri("sub/child.tx")}
    (change,) = edit["changes"][files.uri("sub/child.tx")]
    assert change["range"]["start"] == {"line": 4, "character": len("algorithm child extends ")}


def test_hidden_folders_are_left_out(files: Editor) -> None:
    files.write(".old/child.tx", CHILD)
    files.open("base.tx", FILES["base.tx"])
    assert renamed(files, "base.tx", "algorithm base", "ours").keys() == {"base.tx", "sub/child.tx", "study.tx"}


def test_without_a_folder_the_document_s_own_is_searched(tmp_path: Path) -> None:
    session = Editor(tmp_path, folders=False)
    for name, text in FILES.items():
        session.write(name, text)
    session.open("base.tx", FILES["base.tx"])
    assert renamed(session, "base.tx", "algorithm base", "ours").keys() == {"base.tx", "sub/child.tx", "study.tx"}
    assert session.close() == 0


@pytest.mark.parametrize(
    ("words", "new", "reason"),
    [
        ("algorithm base", "2x", "`2x` is no name: it takes letters"),
        ("algorithm base", "with", "`with` is no name"),
        ("algorithm base", "a b", "`a b` is no name"),
        ("algorithm base", "\u03c0_q", "is no name"),
        ("algorithm base", "", "is no name"),
        ("algorithm base", "base", "`base` is declared already, in `base.tx`"),
        ("algorithm base", "sac", "`sac` is declared already, in `.*sac.tx`, which `base.tx` imports"),
        ("algorithm base", "net", "`net` is declared already, in `net.tx`, which `base.tx` imports"),
        ("algorithm base", "child", "`child` is declared already, in `sub/child.tx`"),
        ("algorithm base", "other", "`other` is declared already, in `study.tx`"),
        ("extends std.sac", "ours", "`sac` ships with taxon and keeps its name"),
        ("gamma = 0.9", "ours", "no name of an algorithm, an architecture or a study stands here"),
    ],
)
def test_a_name_that_cannot_be_given(files: Editor, words: str, new: str, reason: str) -> None:
    files.open("base.tx", FILES["base.tx"])
    with pytest.raises(ValueError, match=reason):
        renamed(files, "base.tx", words, new)


def test_a_shipped_spec_keeps_its_name(files: Editor) -> None:
    """Also where its own file is open."""
    uri = (specs_dir() / "sac.tx").as_uri()
    text = (specs_dir() / "sac.tx").read_text("utf-8")
    document = {"uri": uri, "languageId": "taxon", "version": 1, "text": text}
    files.tell("textDocument/didOpen", {"textDocument": document})
    line, character = place(text, "algorithm sac")
    asked = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}, "newName": "ours"}
    with pytest.raises(ValueError, match="ships with taxon"):
        files.ask("textDocument/rename", asked)


def test_a_file_that_cannot_be_read_whole(files: Editor) -> None:
    """A use of the name may be in what is lost."""
    files.write("sub/child.tx", CHILD.replace("{", "{ gamma 1\n"))
    files.open("base.tx", FILES["base.tx"])
    with pytest.raises(ValueError, match=r"`sub/child.tx` has a syntax error"):
        renamed(files, "base.tx", "algorithm base", "ours")
