"""The token stream of a text, with nothing lost."""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token

from taxon.syntax.language import language


def tokens(text: str) -> Iterator[Token]:
    """Every token, white space and comments too: `"".join(tokens(text)) == text` for any text.

    A token is a string with a `type` (a terminal of the grammar) and `start_pos`, `end_pos`. What no other terminal
    takes arrives character by character as `JUNK`.
    """
    return language().lex(text, dont_ignore=True)
