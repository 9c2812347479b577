"""The extension of VS Code: its grammar is what the language's tables give, and it colours the shipped specs."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

from taxon.data import specs_dir
from taxon.syntax.language import KEYWORDS
from taxon.syntax.tokens import tokens

FOLDER = Path(__file__).parents[2] / "editors" / "vscode"
GRAMMAR = json.loads((FOLDER / "syntaxes" / "taxon.tmLanguage.json").read_text("utf-8"))

SCOPES = {
    "DOC": "comment.line.documentation",
    "COMMENT": "comment.line.number-sign",
    "STRING": "string.quoted",
    "NUMBER": "constant.numeric",
    "TRUE": "constant.language",
    "FALSE": "constant.language",
    "EQUAL": "keyword.operator",
}


def scopes(line: str) -> dict[int, str]:
    """The scope of each character that has one: of the patterns that match, the leftmost and first, as VS Code does."""
    found: dict[int, str] = {}
    at = 0
    while at < len(line):
        matches = [
            (rule, match) for rule in GRAMMAR["patterns"] if (match := re.compile(rule["match"]).search(line, at))
        ]
        if not matches:
            break
        rule, match = min(matches, key=lambda pair: pair[1].start())
        for group, scope in [
            (0, rule.get("name")),
            *((int(k), v["name"]) for k, v in rule.get("captures", {}).items()),
        ]:
            found |= dict.fromkeys(range(*match.span(group)), scope) if scope else {}
        at = max(match.end(), at + 1)
    return found


def test_the_grammar_is_current() -> None:
    generate = runpy.run_path(str(FOLDER / "generate.py"))
    assert generate["GRAMMAR"].read_text("utf-8") == generate["text"](), "run: python editors/vscode/generate.py"


@pytest.mark.parametrize("name", ["mpo", "sac", "architectures"])
def test_the_colours_of_a_shipped_spec(name: str) -> None:
    text = (specs_dir() / f"{name}.tx").read_text("utf-8")
    seen: set[str] = set()
    for line in text.splitlines():
        coloured = scopes(line)
        for token in tokens(line):
            wanted = SCOPES.get(token.type) or ("keyword|storage.type" if token.type in KEYWORDS else None)
            if wanted is not None:
                seen.add(token.type)
                assert re.match(wanted, coloured.get(token.start_pos, "")), (line, token)
    assert {"DOC", "NUMBER", "EQUAL"} <= seen


@pytest.mark.parametrize(
    ("line", "word", "scope"),
    [
        ("algorithm mine extends std.sac {", "mine", "entity.name.type.taxon"),
        ("algorithm mine extends std.sac {", "extends", "keyword.control.taxon"),
        ("  optimizer.policy = adam(lr = 3e-4)", "optimizer.policy", "variable.parameter.taxon"),
        ("  optimizer.policy = adam(lr = 3e-4)", "adam", "support.function.taxon"),
        ("  optimizer.policy = adam(lr = 3e-4)", "3e-4", "constant.numeric.taxon"),
        ("  network { activation = elu }", "network", "variable.parameter.taxon"),
        ('import "a#b.tx" # c', '"a#b.tx"', "string.quoted.double.taxon"),
        ("  steps = 1M", "1M", "constant.numeric.taxon"),
    ],
)
def test_the_colour_of_a_word(line: str, word: str, scope: str) -> None:
    at = line.index(word)
    coloured = scopes(line)
    assert {coloured.get(place) for place in range(at, at + len(word))} == {scope}


def test_the_manifest_names_files_that_are_there() -> None:
    manifest = json.loads((FOLDER / "package.json").read_text("utf-8"))["contributes"]
    (language,), (grammar,) = manifest["languages"], manifest["grammars"]
    assert json.loads((FOLDER / grammar["path"]).read_text("utf-8"))["scopeName"] == grammar["scopeName"]
    rules = json.loads((FOLDER / language["configuration"]).read_text("utf-8"))
    assert re.search(rules["indentationRules"]["increaseIndentPattern"], "algorithm a {")
    assert re.search(rules["indentationRules"]["decreaseIndentPattern"], "  }")
