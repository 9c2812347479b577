"""The token stream of a text, with nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import cache

from lark import Token
from lark.lexer import BasicLexer, LexerState
from lark.utils import TextSlice

from taxon.syntax.language import language


def tokens(text: str) -> Iterator[Token]:
    """Every token, white space and comments too: `"".join(tokens(text)) == text` for any text.

    A token is a string with a `type` (a terminal of the grammar) and `start_pos`, `end_pos`. What no other terminal
    takes arrives character by character as `JUNK`.
    """
    return _lexer().lex(LexerState(TextSlice(text, 0, len(text))), None)


@cache
def _lexer() -> BasicLexer:
    """A lexer that ignores nothing. Lark's own `lex(text, dont_ignore=True)` builds one a text, in a millisecond."""
    terminals = copy(language().lexer_conf)
    terminals.ignore = ()
    return BasicLexer(terminals)
