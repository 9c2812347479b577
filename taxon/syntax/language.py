"""The grammar, read once."""

from __future__ import annotations

from functools import cache

from lark import Lark

from taxon.data import grammar_text

KEYWORDS = frozenset(
    {
        "TAXON", "ALGORITHM", "ARCHITECTURE", "STUDY", "EXTENDS", "WITH", "IMPORT", "UNSET", "ALLOW", "WHEN", "VARY",
        "IN", "TRUE", "FALSE",
    }
)  # fmt: skip


@cache
def language() -> Lark:
    """The parser tables: 16 to 36 ms to build, less than a cache on disk is worth."""
    return Lark(grammar_text(), parser="lalr", lexer="basic", start=["file", "loose"], maybe_placeholders=False)
