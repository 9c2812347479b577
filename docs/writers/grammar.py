"""The grammar: its productions as they are parsed, and the notations of names and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lark.lexer import Pattern, PatternStr

from taxon.data import grammar_text
from taxon.semantics.bodies import ACTIONS
from taxon.syntax import literals
from taxon.syntax.language import KEYWORDS, language
from taxon.syntax.layout import DEEPEST
from taxon.syntax.parser import LARGEST
from writers.markdown import block, code, names, page, table

INTRODUCTION = """\
The productions of `grammar/taxon.lark`, as they are parsed: `?` is at most one, `*` any number, `|` an alternative; a
name in capitals is a token of the table below. Newlines that end nothing (inside brackets, beside a comma or a brace)
are taken out before. What the entries mean stands in [the language](../language.md); which paths and values there are,
in [paths](paths.md) and [choices](choices/index.md)."""

_RULE = re.compile(r"^[a-z_]+:.*(?:\n[ \t]+\|.*)*", re.MULTILINE)
# What the parser accepts to go on after a mistake, and what never stands in a text.
_RECOVERY = re.compile(r"\s*\|\s*[^|\n]*\bERROR\b[^|\n]*(?=\||\n|$)")
_SUFFIXES = "kM"
_TOKENS = {
    "NAME": "a name: letters, digits and `_`",
    "NUMBER": "a number",
    "STRING": "a string on one line",
    "NEWLINE": "the end of a line",
    "COMMENT": "a comment, which means nothing",
    "DOC": "documents the declaration or the entry that follows",
}


def write() -> str:
    terminals = {terminal.name: terminal.pattern for terminal in language().terminals}
    literal = {name: f'"{pattern.value}"' for name, pattern in terminals.items() if isinstance(pattern, PatternStr)}
    rows = ([code(name), meaning, code(_pattern(terminals[name]))] for name, meaning in _TOKENS.items())
    return page(
        "Grammar",
        INTRODUCTION,
        [
            "## Productions",
            block("\n".join(_productions(literal))),
            "## Tokens",
            table(["token", "meaning", "pattern"], rows),
            f"Keywords: {names(sorted(str(terminals[name].value) for name in KEYWORDS))}.",
            *_notations(),
        ],
    )


def _productions(literal: dict[str, str]) -> Iterator[str]:
    for match in _RULE.finditer(grammar_text()):
        rule = re.sub(r"\(NAME \| ERROR\)", "NAME", match[0])
        rule = _RECOVERY.sub("", rule)
        if rule.startswith("loose"):
            continue  # the same entries, alone on a command line
        yield re.sub(r"\b[A-Z_]{2,}\b", lambda token: literal.get(token[0], token[0]), rule)


def _pattern(pattern: Pattern) -> str:
    """A token's regular expression, its line ends spelt."""
    return pattern.value.replace("\r", r"\r").replace("\n", r"\n")


def _notations() -> Iterator[str]:
    yield "## Notations"
    yield table(
        ["number", "value"],
        ([code(f"1{suffix}"), f"{literals.number(f'1{suffix}'):,}"] for suffix in _SUFFIXES),
    )
    yield table(["written", "read as"], ([code(letter), code(name)] for letter, name in literals.ALIASES.items()))
    yield "\n".join(
        [
            f"- Escapes in a string: {names(chr(92) + mark for mark in literals.ESCAPES)}.",
            f"- A number has at most {literals.LONGEST_NUMBER} characters.",
            f"- A file holds at most {LARGEST:,} bytes, and its brackets nest at most {DEEPEST} deep.",
            f"- {code('when actions = ...')} takes {' or '.join(code(kind) for kind in ACTIONS)}; "
            f"{code('when env = ...')} takes a pattern in a string: `*` is anything, `?` one character.",
        ]
    )
