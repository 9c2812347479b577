"""Write the TextMate grammar from the language's own tables: its terminals, its keywords, and the choices of its paths.

Run from a checkout: `python editors/vscode/generate.py`. A test holds the file current.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lark.lexer import PatternStr

from taxon.highlighting.kinds import COMMANDING, CONSTANTS, DECLARING
from taxon.highlighting.words import choices
from taxon.syntax.language import KEYWORDS, language

GRAMMAR = Path(__file__).parent / "syntaxes" / "taxon.tmLanguage.json"


def grammar() -> dict[str, Any]:
    """The grammar as VS Code reads it. Names of choices are coloured wherever they stand, except before `=` or `.`."""
    terminals = {terminal.name: terminal.pattern for terminal in language().terminals}
    words = {name: str(terminals[name].value) for name in KEYWORDS}
    assert all(isinstance(terminals[name], PatternStr) for name in KEYWORDS)
    name = terminals["NAME"].value
    paths = rf"{name}(?:\s*\.\s*{name})*(?=\s*[={{])"
    declared = _either(words[each] for each in DECLARING)
    commanding = _either(words[each] for each in COMMANDING)
    patterns = [
        _matches("comment.line.documentation.taxon", terminals["DOC"].value),
        _matches("comment.line.number-sign.taxon", terminals["COMMENT"].value),
        _matches("string.quoted.double.taxon", terminals["STRING"].value),
        {
            "match": rf"({declared})\s+({name})",
            "captures": {"1": {"name": "storage.type.taxon"}, "2": {"name": "entity.name.type.taxon"}},
        },
        _matches("keyword.control.taxon", commanding),
        _matches("constant.language.boolean.taxon", _either(words[each] for each in CONSTANTS)),
        _matches("variable.parameter.taxon", paths),
        _matches("support.function.taxon", _either(choices())),
        _matches("constant.numeric.taxon", rf"(?<![\w.]){terminals['NUMBER'].value}"),
        _matches("keyword.operator.taxon", r"[=+*-]"),
    ]
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "taxon",
        "scopeName": "source.taxon",
        "patterns": patterns,
    }


def _matches(scope: str, pattern: str) -> dict[str, Any]:
    return {"name": scope, "match": pattern}


def _either(words: Iterable[str]) -> str:
    return rf"\b(?:{'|'.join(sorted(words))})\b"


def text() -> str:
    """The file's text."""
    return json.dumps(grammar(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    GRAMMAR.write_text(text(), encoding="utf-8")
