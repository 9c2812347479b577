"""What an editor shows of a document's structure: symbols, references, colours, folds, selections; and of an import."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from server.editor import Editor, applied, cursor

from taxon.data import specs_dir
from taxon.diagnostics.source import Source
from taxon.server.colours import MODIFIERS, TYPES, colours
from taxon.server.folding import folds, selections
from taxon.syntax import parse
from taxon.syntax.language import KEYWORDS
from taxon.syntax.tokens import tokens
from taxon.syntax.tree import File

SPEC = """taxon 1
import std.sac

# One
# and two.
/// Mine.
algorithm mine extends std.sac with net {
  gamma = 0.9
  network {
    activation = elu
    policy.hidden = [64]
  }
  when env = "Ant-*" {
    optimizer.policy = adam(
      lr = 1e-4,
    )
  }
  unset exploration
}

architecture net { network.layer_norm = first }

study s {
  base = mine
  vary network.activation in [relu, elu]
  on = ["Hopper-v4"]
  seeds = 1
  steps = 1M
}
"""


def read(text: str) -> File:
    return parse(Source("a.tx", text))[0]


# --- hover


def test_hover_over_an_import_shows_what_the_file_declares(editor: Editor) -> None:
    """Its kind, its documentation, and its entry in Table 1."""
    editor.open("imports.tx", SPEC)
    found = editor.at("textDocument/hover", "imports.tx", (1, 10))
    said = found["contents"]["value"]
    assert "an algorithm **`sac`**" in said
    assert "Soft Actor-Critic with an adapted temperature" in said
    assert "G.estimate  | TD(0) + TD3\n" in said
    assert "pi_p.update | (Fixed to Unif.)\n" in said
    assert found["range"] == {"start": {"line": 1, "character": 7}, "end": {"line": 1, "character": 14}}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('taxon 1\nimport "o|ther.tx"\n', ["`other.tx`", "an architecture **`net`**", "a study **`s`**", "Mine."]),
        ("taxon 1\nimport std.architec|tures\n", ["an architecture **`mpo_net`**"]),
        ("taxon 1\nimport std.sac\nalgorithm m|ine extends sac {}\n", ["an algorithm **`mine`**", "TD(0) + TD3"]),
        ("taxon 1\nalgorithm mine extends std.m|po {}\n", ["Maximum a Posteriori", "Retrace(1)"]),
        ('taxon 1\nimport "empty|.tx"\n', ["it declares nothing"]),
        ('taxon 1\nimport "many|.tx"\n', ["**`a0`**", "and 92 more"]),
    ],
)
def test_hover_over_what_is_imported_or_declared(editor: Editor, text: str, wanted: list[str]) -> None:
    editor.write("other.tx", SPEC)
    editor.write("empty.tx", "taxon 1\n")
    editor.write("many.tx", "taxon 1\n" + "".join(f"algorithm a{i} extends std.sac {{}}\n" for i in range(100)))
    text, place = cursor(text)
    editor.open("hovered.tx", text)
    said = editor.at("textDocument/hover", "hovered.tx", place)["contents"]["value"]
    assert [part for part in wanted if part not in said] == []


@pytest.mark.parametrize(
    "text", ["taxon 1\nimport std.no|body\n", 'taxon 1\nimport "no|body.tx"\n', "taxon 1\nimp|ort\n"]
)
def test_hover_over_an_import_that_leads_nowhere(editor: Editor, text: str) -> None:
    text, place = cursor(text)
    editor.open("nowhere.tx", text)
    assert editor.at("textDocument/hover", "nowhere.tx", place) is None


# --- symbols


def tree(symbols: list[dict[str, Any]]) -> dict[str, Any]:
    return {symbol["name"]: tree(symbol.get("children") or []) for symbol in symbols}


def test_symbols_of_a_document(tmp_path: Path) -> None:
    able = {"textDocument": {"documentSymbol": {"hierarchicalDocumentSymbolSupport": True}}}
    editor = Editor(tmp_path, able=able)
    editor.open("a.tx", SPEC)
    found = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": editor.uri("a.tx")}})
    assert tree(found) == {
        "mine": {
            "gamma": {},
            "network": {"activation": {}, "policy.hidden": {}},
            'when env = "Ant-*"': {"optimizer.policy": {}},
            "exploration": {},
        },
        "net": {"network.layer_norm": {}},
        "s": {"base": {}, "network.activation": {}, "on": {}, "seeds": {}, "steps": {}},
    }
    assert found[0]["detail"] == "extends std.sac with net"
    assert found[0]["children"][0]["detail"] == "0.9"
    assert [symbol["kind"] for symbol in found] == [5, 23, 11]
    pending = list(found)
    while pending:
        symbol = pending.pop()
        whole, name = symbol["range"], symbol["selectionRange"]
        assert order(whole["start"]) <= order(name["start"]) <= order(name["end"]) <= order(whole["end"])
        pending += symbol.get("children") or []
    assert editor.close() == 0


def order(place: dict[str, int]) -> tuple[int, int]:
    return place["line"], place["character"]


def test_symbols_for_an_editor_that_shows_no_tree(editor: Editor) -> None:
    editor.open("flat.tx", SPEC)
    found = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": editor.uri("flat.tx")}})
    assert {symbol["name"]: symbol.get("containerName") for symbol in found}["policy.hidden"] == "network"
    assert {symbol["location"]["uri"] for symbol in found} == {editor.uri("flat.tx")}


def test_symbols_of_the_folders(tmp_path: Path) -> None:
    """Of all that are open, saved or not; by characters in their order."""
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    for folder, name in ((one, "alpha_beta"), (two, "beta"), (three, "beta_too")):
        folder.mkdir()
        (folder / "a.tx").write_text(f"taxon 1\n# algorithm beta_comment\nalgorithm {name} extends std.sac {{}}\n")
    editor = Editor(tmp_path, folders=[one, two])
    editor.open("one/unsaved.tx", "taxon 1\narchitecture beta_net {}\n")

    def named(query: str) -> set[str]:
        return {symbol["name"] for symbol in editor.ask("workspace/symbol", {"query": query})}

    assert named("BTA") == {"alpha_beta", "beta", "beta_net"}
    assert named("") == {"alpha_beta", "beta", "beta_net"}
    assert named("nobody") == set()
    event = {"added": [{"uri": three.as_uri(), "name": "three"}], "removed": [{"uri": one.as_uri(), "name": "one"}]}
    editor.tell("workspace/didChangeWorkspaceFolders", {"event": event})
    assert named("beta") == {"beta", "beta_too", "beta_net"}
    assert editor.close() == 0


# --- references


def places(editor: Editor, name: str, text: str, declared: bool = True) -> set[tuple[str, int, int]]:
    text, place = cursor(text)
    editor.open(name, text)
    found = editor.at("textDocument/references", name, place, context={"includeDeclaration": declared})
    return {
        (Path(each["uri"]).name, each["range"]["start"]["line"], each["range"]["start"]["character"]) for each in found
    }


def test_references_to_a_declaration(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    editor.write("child.tx", 'taxon 1\nimport "base.tx"\nalgorithm child extends base {}\n')
    editor.write("apart.tx", "taxon 1\nalgorithm base extends std.sac {}\nalgorithm c extends base {}\n")
    base = "taxon 1\nalgorithm ba|se extends std.sac {}\nalgorithm again extends base {}\n"
    editor.write("base.tx", "taxon 1\n")  # its text is the one that is open
    wanted = {("base.tx", 1, 10), ("base.tx", 2, 24), ("child.tx", 2, 24)}
    assert places(editor, "base.tx", base) == wanted
    assert places(editor, "base.tx", base, declared=False) == wanted - {("base.tx", 1, 10)}
    used = 'taxon 1\nimport "base.tx"\nalgorithm child extends b|ase {}\n'
    assert places(editor, "child.tx", used) == wanted
    assert editor.close() == 0


def test_references_to_a_shipped_declaration(tmp_path: Path) -> None:
    """In the shipped specs, too, which extend each other."""
    editor = Editor(tmp_path)
    editor.write("other.tx", "taxon 1\nalgorithm o extends std.sac {}\n")
    found = places(editor, "a.tx", "taxon 1\nimport std.sac\nalgorithm a extends s|ac {}\n")
    assert {("a.tx", 2, 20), ("other.tx", 1, 20)} <= found
    assert {"sac.tx", "sac_el.tx"} <= {name for name, _, _ in found}
    assert editor.close() == 0


def test_references_to_a_path_are_the_entries_that_say_it(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    editor.write("base.tx", "taxon 1\narchitecture net { network { activation = elu } }\n")
    text = 'taxon 1\nimport "base.tx"\nalgorithm a extends std.sac with net { network.activ|ation = relu }\n'
    assert places(editor, "a.tx", text) >= {("a.tx", 2, 39), ("base.tx", 1, 29)}
    place = (2, 45)
    assert [each["range"]["start"] for each in editor.at("textDocument/documentHighlight", "a.tx", place)] == [
        {"line": 2, "character": 39}
    ]
    assert places(editor, "b.tx", "taxon 1\nalgorithm a { gamma = 0.|9 }\n") == set()
    assert editor.close() == 0


def test_highlights_of_a_name(editor: Editor) -> None:
    editor.open("lit.tx", SPEC)
    found = editor.at("textDocument/documentHighlight", "lit.tx", (6, 11))
    assert [order(each["range"]["start"]) for each in found] == [(6, 10), (23, 9)]


# --- colours


def coloured(text: str) -> dict[str, str]:
    """The type of each word, by its text."""
    return {text[each.start : each.end]: each.type for each in colours(read(text))}


def test_the_colour_of_words() -> None:
    found = coloured(SPEC)
    wanted = {
        "algorithm": "keyword", "std": "namespace", "mine": "class", "net": "struct", "s": "interface",
        "gamma": "property", "0.9": "number", "elu": "enumMember", "adam": "function", "lr": "parameter",
        '"Ant-*"': "string", "# and two.": "comment", "/// Mine.": "comment", "first": "enumMember", "1M": "number",
    }  # fmt: skip
    assert {word: found.get(word) for word in wanted} == wanted
    assert coloured("taxon 1\nalgorithm a { G = eta * log(Q[pi_p]) }\n")["log"] == "enumMember"
    assert "nobody" not in coloured("taxon 1\nalgorithm a { G = nobody(relu) }\n")


@pytest.mark.parametrize("name", sorted(path.stem for path in specs_dir().glob("*.tx")))
def test_every_word_of_a_shipped_spec_has_a_colour(name: str) -> None:
    """In order, none twice, each on one line."""
    text = (specs_dir() / f"{name}.tx").read_text("utf-8")
    found = colours(read(text))
    words = {token.start_pos for token in tokens(text) if token.type in {"NAME", "NUMBER", "STRING", *KEYWORDS}}
    starts = [colour.start for colour in found]
    assert [text[at : at + 20] for at in words - set(starts)] == []
    assert starts == sorted(set(starts))
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(each.type in TYPES and set(each.modifiers) <= set(MODIFIERS) for each in found)


def decoded(data: list[int], text: str) -> list[tuple[str, str]]:
    """The words that tokens of the protocol cover, in UTF-16."""
    lines = text.split("\n")
    line = unit = 0
    found: list[tuple[str, str]] = []
    for at in range(0, len(data), 5):
        down, right, length, kind, _ = data[at : at + 5]
        line, unit = line + down, right + (0 if down else unit)
        encoded = lines[line].encode("utf-16-le")[2 * unit : 2 * (unit + length)]
        found.append((encoded.decode("utf-16-le"), TYPES[kind]))
    return found


def test_colours_over_the_protocol(editor: Editor) -> None:
    legend = editor.capabilities["semanticTokensProvider"]
    assert (legend["full"], legend["range"]) == ({"delta": True}, True)
    assert (tuple(legend["legend"]["tokenTypes"]), tuple(legend["legend"]["tokenModifiers"])) == (TYPES, MODIFIERS)
    text = SPEC.replace('"Ant-*" {', '"\N{ROCKET}-*" { gamma = 0.5')
    editor.open("coloured.tx", text)
    document = {"textDocument": {"uri": editor.uri("coloured.tx")}}
    whole = editor.ask("textDocument/semanticTokens/full", document)
    words = [(text[each.start : each.end], each.type) for each in colours(read(text))]
    assert decoded(whole["data"], text) == words
    part = {"start": {"line": 6, "character": 0}, "end": {"line": 7, "character": 99}}
    within = editor.ask("textDocument/semanticTokens/range", {**document, "range": part})
    assert decoded(within["data"], text) == [
        ("algorithm", "keyword"), ("mine", "class"), ("extends", "keyword"), ("std", "namespace"), ("sac", "class"),
        ("with", "keyword"), ("net", "struct"), ("gamma", "property"), ("=", "operator"), ("0.9", "number"),
    ]  # fmt: skip


def test_only_the_colours_that_changed_are_sent(editor: Editor) -> None:
    editor.open("delta.tx", SPEC)
    document = {"textDocument": {"uri": editor.uri("delta.tx")}}
    known = editor.ask("textDocument/semanticTokens/full", document)
    data, previous = known["data"], known["resultId"]
    for text in (SPEC.replace("0.9", "0.95"), SPEC, SPEC + "# more\n", "taxon 1\n", "", SPEC, SPEC):
        editor.change("delta.tx", text)
        delta = editor.ask("textDocument/semanticTokens/full/delta", {**document, "previousResultId": previous})
        for edit in delta["edits"]:
            data = data[: edit["start"]] + edit.get("data", []) + data[edit["start"] + edit["deleteCount"] :]
        assert data == editor.ask("textDocument/semanticTokens/full", document)["data"]
        previous = str(int(delta["resultId"]) + 1)
    unknown = editor.ask("textDocument/semanticTokens/full/delta", {**document, "previousResultId": "never"})
    assert unknown["data"] == data


# --- folds and selections


def test_folds(editor: Editor) -> None:
    found = {(SPEC.count("\n", 0, start), SPEC.count("\n", 0, end), kind) for start, end, kind in folds(read(SPEC))}
    assert found == {
        (3, 5, "comment"), (6, 18, "region"), (8, 11, "region"), (12, 16, "region"), (13, 15, "region"),
        (22, 28, "region"),
    }  # fmt: skip
    two = "taxon 1\nimport std.sac\nimport std.mpo\n"
    assert [kind for _, _, kind in folds(read(two))] == ["imports"]
    editor.open("folds.tx", SPEC)
    ranges = editor.ask("textDocument/foldingRange", {"textDocument": {"uri": editor.uri("folds.tx")}})
    assert (6, 18) in {(each["startLine"], each["endLine"]) for each in ranges}


def test_folds_for_an_editor_that_folds_lines(tmp_path: Path) -> None:
    """The line of the closing brace stays in sight."""
    editor = Editor(tmp_path, able={"textDocument": {"foldingRange": {"lineFoldingOnly": True}}})
    editor.open("a.tx", SPEC)
    ranges = editor.ask("textDocument/foldingRange", {"textDocument": {"uri": editor.uri("a.tx")}})
    assert {(6, 17), (3, 5)} <= {(each["startLine"], each["endLine"]) for each in ranges}
    assert not [each for each in ranges if "startCharacter" in each]
    assert editor.close() == 0


def test_a_selection_grows() -> None:
    found = [span.text for span in selections(read(SPEC), SPEC.index("1e-4") + 1)]
    assert found[:2] == ["1e-4", "lr = 1e-4"]
    assert found[2].startswith("adam(")
    assert found[3].startswith("optimizer.policy")
    assert found[-2].startswith("algorithm mine")
    assert found[-1] == SPEC


@pytest.mark.parametrize("text", [SPEC, SPEC[:200], SPEC.replace("}", "", 1), "", "taxon 1\n\0"])
def test_selections_are_nested(editor: Editor, text: str) -> None:
    editor.open("nested.tx", text)
    document = {"uri": editor.uri("nested.tx")}
    positions = [{"line": line, "character": unit} for line in range(0, 30, 4) for unit in (0, 3, 12, 40)]
    for around in editor.ask("textDocument/selectionRange", {"textDocument": document, "positions": positions}):
        while (parent := around.get("parent")) is not None:
            assert order(parent["range"]["start"]) <= order(around["range"]["start"])
            assert order(around["range"]["end"]) <= order(parent["range"]["end"])
            assert parent["range"] != around["range"]
            around = parent


# --- fixes


def test_every_certain_edit_at_once(editor: Editor) -> None:
    text = "taxon 1\nimport std.sac\nalgorithm a extends sac {\n  network.activation = ReLU\n  Gamma = 0.9\n}\n"
    editor.open("all.tx", text)
    nowhere = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    asked = {"textDocument": {"uri": editor.uri("all.tx")}, "range": nowhere, "context": {"diagnostics": []}}
    (action,) = editor.ask("textDocument/codeAction", asked)
    after = applied(text, action["edit"]["changes"][editor.uri("all.tx")])
    assert editor.change("all.tx", after) == []
    assert "relu\n" in after
    for only, kinds in ((["quickfix"], []), (["source.fixAll"], ["source.fixAll.taxon"]), (["refactor"], []), ([], [])):
        wanted = {**asked, "context": {"diagnostics": [], "only": only}}
        assert editor.change("all.tx", text) != []
        assert [each["kind"] for each in editor.ask("textDocument/codeAction", wanted)] == kinds
