"""The language server, driven over its protocol as an editor drives it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from server.editor import Editor, applied, cursor

from taxon.data import specs_dir

SAC = "taxon 1\nimport std.sac\n\nalgorithm mine extends std.sac {\n"


def written(line: str) -> str:
    """A spec that extends a shipped one and says one thing."""
    return f"{SAC}  {line}\n}}\n"


# --- diagnostics


def test_diagnostics_follow_the_typing(editor: Editor) -> None:
    assert editor.open("typing.tx", written("gamma = 0.9")) == []
    (found,) = editor.change("typing.tx", written("gamma = 1.5"))
    assert (found["code"], found["severity"], found["source"]) == ("TX204", 1, "taxon")
    assert found["range"] == {"start": {"line": 4, "character": 10}, "end": {"line": 4, "character": 13}}
    assert editor.change("typing.tx", written("gamma = 0.9")) == []


def test_diagnostics_are_in_utf_16(editor: Editor) -> None:
    """The pair of surrogates in the string before it moves the place by two units, not one."""
    (found,) = editor.open("wide.tx", written('allow TX999 "\N{ROCKET}", gamma = 2'))[-1:]
    assert found["code"] == "TX204"
    assert found["range"]["start"] == {"line": 4, "character": 2 + len('allow TX999 "##", gamma = ')}


def test_closing_takes_the_diagnostics_back(editor: Editor) -> None:
    assert editor.open("closed.tx", "taxon 1\nalgorithm") != []
    editor.shut("closed.tx")
    editor.open("after.tx", written("gamma = 0.9"))
    assert editor.published[editor.uri("closed.tx")]["diagnostics"] == []


def test_an_unsaved_import_counts(editor: Editor) -> None:
    """Neither file is on disk as the editor has it; a change to one checks the other again."""
    base = "taxon 1\nimport std.sac\nalgorithm base extends std.sac { gamma = 0.9 }\n"
    (editor.folder / "base.tx").write_text("taxon 1\n")
    editor.open("base.tx", base)
    child = 'taxon 1\nimport "base.tx"\nalgorithm child extends base { network.activation = relu }\n'
    assert editor.open("child.tx", child) == []
    editor.change("base.tx", base.replace("{ gamma = 0.9 }", "{ gamma = 9 }"))
    (found,) = editor.settled("child.tx")
    assert found["code"] == "TX204"
    assert "base.tx:3" in found["message"]
    assert found["range"]["start"]["line"] == 1
    related = found["relatedInformation"][0]["location"]
    assert related["uri"] == editor.uri("base.tx")


@pytest.mark.parametrize(("encoding", "units"), [("utf-8", 4), ("utf-32", 1)])
def test_an_editor_may_count_otherwise(tmp_path: Path, encoding: str, units: int) -> None:
    session = Editor(tmp_path, (encoding,))
    assert session.capabilities["positionEncoding"] == encoding
    (found,) = session.open("wide.tx", written('allow TX999 "\N{ROCKET}", gamma = 2'))[-1:]
    assert found["range"]["start"]["character"] == 2 + len('allow TX999 "", gamma = ') + units
    assert session.close() == 0


# --- hover


def test_hover_over_a_path_shows_value_origin_and_meaning(editor: Editor) -> None:
    text, place = cursor(written("network { activ|ation = elu }"))
    editor.open("hover.tx", text)
    said = editor.at("textDocument/hover", "hover.tx", place)["contents"]["value"]
    assert "`network.policy.activation = elu` (set here, line 5)" in said
    assert "one of" in said


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("unset optimizer.dual|", "`optimizer.dual = adam`"),
        ("optimizer.policy = adam(l|r = 1e-3)", "`optimizer.policy.lr = 1e-3` (set here, line 5)"),
        ("optimizer.policy = ad|am(lr = 1e-3)", "Kingma"),
        ("pi_theta = tanh(normal(mean(s), c|ov(s)))", "cov(s)"),
        ("G = Q_so|ft[pi_q]", "Q_soft[pi_q]"),
        ("G.estimate = td(0) + clipped_d|ouble", "Fujimoto"),
        ("netw|ork { activation = elu }", "`activation`"),
    ],
)
def test_hover(editor: Editor, line: str, wanted: str) -> None:
    text, place = cursor(written(line))
    name = f"hover{sum(map(ord, line))}.tx"
    editor.open(name, text)
    assert wanted in editor.at("textDocument/hover", name, place)["contents"]["value"]


def test_hover_over_a_parent_shows_its_documentation(editor: Editor) -> None:
    editor.open("parent.tx", written("gamma = 0.9"))
    found = editor.at("textDocument/hover", "parent.tx", (3, 26))
    assert "Soft Actor-Critic" in found["contents"]["value"]
    assert found["range"]["start"] == {"line": 3, "character": 23}


def test_hover_over_nothing(editor: Editor) -> None:
    editor.open("nothing.tx", "taxon 1\n")
    assert editor.at("textDocument/hover", "nothing.tx", (0, 2)) is None


# --- completion


def offered(editor: Editor, text: str) -> dict[str, dict]:
    return editor.complete(f"complete{abs(hash(text))}.tx", text)


@pytest.mark.parametrize(
    ("line", "wanted", "unwanted"),
    [
        ("|", {"gamma", "network.policy.hidden", "unset", "pi_q.update"}, {"relu", "hidden"}),
        ("optimizer.|", {"optimizer.policy.lr"}, {"gamma", "unset"}),
        ("network { policy.| }", {"policy.hidden"}, {"network.policy.hidden", "gamma"}),
        ("unset opt|", {"optimizer.dual"}, {"when"}),
        ("network.activation = |", {"relu", "elu"}, {"gamma", "true"}),
        ("network.activation = r|", {"relu", "elu"}, {"gamma"}),
        ("network { activation = | }", {"relu", "elu"}, {"gamma"}),
        ("G.estimate = td(0) + |", {"clipped_double"}, {"td", "retrace"}),
        ("optimizer.policy = adam(|", {"lr", "beta1"}, {"adam"}),
        ("optimizer.policy = adam(lr = 1e-3, |)", {"beta1"}, {"lr"}),
        ("pi_theta = tanh(|", {"normal"}, {"gamma"}),
        ("data = replay(random_warmup = |)", {"true", "false"}, {"capacity"}),
        ("when |", {"env", "actions"}, {"gamma"}),
        ("when actions = | {}", {"continuous", "discrete"}, {"gamma"}),
        ("gamma = 0.9 # |", set(), {"gamma"}),
        ("allow |", {"TX501", "TX507"}, {"gamma", "TX301"}),
        ("allow TX5|", {"TX501"}, {"gamma"}),
        ('allow TX501 "|', set(), {"TX501"}),
    ],
)
def test_completion_in_a_body(editor: Editor, line: str, wanted: set[str], unwanted: set[str]) -> None:
    found = offered(editor, written(line))
    assert wanted <= found.keys()
    assert not unwanted & found.keys()


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("taxon 1\nimport std.|", {"sac", "architectures"}, {"std"}),
        ("taxon 1\nalgorithm a extends std.m|", {"mpo"}, {"algorithm"}),
        ("taxon 1\nalgorithm a extends std.sac with std.architectures.|", {"sac_net"}, {"sac"}),
        ("taxon 1\nalgorithm b {}\narchitecture n {}\nalgorithm a extends |", {"b", "std"}, {"n"}),
        ("taxon 1\nalgorithm b {}\narchitecture n {}\nalgorithm a with |", {"n"}, {"b"}),
        ("taxon 1\nimport std.sac\nalgorithm a extends |", {"sac", "std"}, {"sac_net"}),
        ("taxon 1\nalgorithm b extends std.sac {}\nalgorithm a extends |", {"b"}, {"sac"}),  # read, not imported
        ("taxon 1\nal|", {"algorithm", "import"}, {"sac"}),
        ("taxon 1\nalgorithm b {}\nstudy s {\n  base = |\n}", {"b", "std"}, {"relu"}),
        ("taxon 1\nstudy s {\n  vary network.activation in [|]\n}", {"relu"}, {"b"}),
    ],
)
def test_completion_of_names(editor: Editor, text: str, wanted: set[str], unwanted: set[str]) -> None:
    found = offered(editor, text)
    assert wanted <= found.keys()
    assert not unwanted & found.keys()


def test_a_completion_replaces_the_path_that_is_begun(editor: Editor) -> None:
    text, place = cursor(written("optimizer.pol|"))
    editor.open("replace.tx", text)
    items = editor.at("textDocument/completion", "replace.tx", place)["items"]
    (item,) = [item for item in items if item["label"] == "optimizer.policy.lr"]
    assert applied(text, [item["textEdit"]]) == written("optimizer.policy.lr")
    assert "takes" in item["documentation"]["value"]


def test_indenting_asks_for_nothing(editor: Editor) -> None:
    """A space opens the list after `=`, not at the beginning of a line; asked for by hand it opens there too."""
    context = {"triggerKind": 2, "triggerCharacter": " "}
    for name, line, by_space, by_hand in (("s1", "|", False, True), ("s2", "network.activation = |", True, True)):
        text, place = cursor(written(line))
        editor.open(f"{name}.tx", text)
        asked = editor.at("textDocument/completion", f"{name}.tx", place, context=context)
        assert bool(asked["items"]) is by_space
        assert bool(editor.at("textDocument/completion", f"{name}.tx", place)["items"]) is by_hand


# --- definition


def test_definition_through_extends_and_import(editor: Editor) -> None:
    editor.open("leads.tx", written("gamma = 0.9"))
    shipped = (specs_dir() / "sac.tx").as_uri()
    parent = editor.at("textDocument/definition", "leads.tx", (3, 28))
    assert parent["uri"] == shipped
    line = (specs_dir() / "sac.tx").read_text("utf-8").splitlines()[parent["range"]["start"]["line"]]
    assert line.startswith("algorithm sac")
    assert editor.at("textDocument/definition", "leads.tx", (1, 10))["uri"] == shipped


def test_definition_of_a_mixin_and_a_base(editor: Editor) -> None:
    text = f"{SAC}}}\narchitecture net {{ network.activation = elu }}\nalgorithm other extends mine with net {{ }}\n"
    text += (
        'study s {\n  base = other\n  vary gamma in [0.9, 0.99]\n  on = ["Hopper-v4"]\n  seeds = 1\n  steps = 1M\n}\n'
    )
    assert editor.open("mixed.tx", text) == []
    mixin = editor.at("textDocument/definition", "mixed.tx", (6, 35))
    assert mixin["range"]["start"] == {"line": 5, "character": len("architecture ")}
    base = editor.at("textDocument/definition", "mixed.tx", (8, 11))
    assert base["range"]["start"] == {"line": 6, "character": len("algorithm ")}
    assert editor.at("textDocument/definition", "mixed.tx", (9, 8)) is None


# --- formatting, fixes


def test_formatting(editor: Editor) -> None:
    text = written("gamma=0.9 # \N{ROCKET}")
    editor.open("ugly.tx", text)
    options = {"textDocument": {"uri": editor.uri("ugly.tx")}, "options": {"tabSize": 2, "insertSpaces": True}}
    styled = applied(text, editor.ask("textDocument/formatting", options))
    assert "gamma = 0.9 # \N{ROCKET}" in " ".join(styled.split())
    editor.change("ugly.tx", styled)
    assert editor.ask("textDocument/formatting", options) is None
    editor.change("ugly.tx", "taxon 1\nalgorithm {{")
    assert editor.ask("textDocument/formatting", options) is None


def test_a_quick_fix_mends(editor: Editor) -> None:
    text = written("network.activation = reluu")
    (found,) = editor.open("fix.tx", text)
    asked = {
        "textDocument": {"uri": editor.uri("fix.tx")},
        "range": found["range"],
        "context": {"diagnostics": [found], "only": ["quickfix"]},
    }
    (action,) = editor.ask("textDocument/codeAction", asked)
    assert (action["title"], action["kind"]) == ("write `relu`", "quickfix")
    # `reluu` may be another thing: it is offered, and mended only when it is chosen.
    assert not action["isPreferred"]
    whole = {**asked, "context": {"diagnostics": [], "only": ["source"]}}
    assert editor.ask("textDocument/codeAction", whole) == []
    mended = applied(text, action["edit"]["changes"][editor.uri("fix.tx")])
    assert editor.change("fix.tx", mended) == []
    nowhere = {"line": 0, "character": 0}
    asked["range"] = {"start": nowhere, "end": nowhere}
    assert editor.ask("textDocument/codeAction", asked) == []


def test_another_spelling_is_mended_with_all_that_is_certain(editor: Editor) -> None:
    text = written("network.activation = ReLU")
    (found,) = editor.open("spelt.tx", text)
    asked = {"textDocument": {"uri": editor.uri("spelt.tx")}, "range": found["range"]}
    (action,) = editor.ask("textDocument/codeAction", {**asked, "context": {"diagnostics": [], "only": ["quickfix"]}})
    (whole,) = editor.ask("textDocument/codeAction", {**asked, "context": {"diagnostics": [], "only": ["source"]}})
    assert action["isPreferred"]
    assert whole["kind"] == "source.fixAll.taxon"
    assert whole["edit"] == action["edit"]


# --- the command


def test_without_pygls_the_command_says_so() -> None:
    code = "import sys; sys.modules['pygls'] = None; sys.modules['lsprotocol'] = None\n"
    call = [sys.executable, "-c", f"{code}from taxon.cli.main import main; main()", "lsp"]
    finished = subprocess.run(call, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.splitlines() == [
        "error: the language server needs pygls",
        f" help: {shlex.quote(sys.executable)} -m pip install 'taxon-rl[lsp]'",
    ]


def test_an_editor_that_dies_takes_the_server_along(tmp_path: Path) -> None:
    session = Editor(tmp_path)
    assert session.process.stdin is not None
    session.process.stdin.close()
    session.process.wait(60)


def test_the_server_is_light() -> None:
    """Like the rest of the front end: it starts without what only training needs."""
    code = "import sys, taxon.server.requests; print(*{'torch', 'numpy', 'gymnasium', 'typer'} & sys.modules.keys())"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert finished.stdout.split() == []
