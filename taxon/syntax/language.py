"""The grammar, read once."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

import lark
from lark import Lark

from taxon import cache as kept
from taxon.data import grammar_text

KEYWORDS = frozenset(
    {
        "TAXON", "ALGORITHM", "ARCHITECTURE", "STUDY", "TUNE", "EXTENDS", "WITH", "IMPORT", "UNSET", "ALLOW", "WHEN",
        "VARY", "CLAIM", "SEARCH", "IN", "TRUE", "FALSE",
    }
)  # fmt: skip

_OPTIONS: dict[str, Any] = {"parser": "lalr", "lexer": "basic", "start": ["file", "loose"], "maybe_placeholders": False}


@cache
def language() -> Lark:
    """The parser tables: 40 ms to build, 5 ms to read back."""
    made_from = f"lark {lark.__version__} {_OPTIONS}\n{grammar_text()}"
    tables = kept.load("grammar", made_from)
    if tables is not None:
        return Lark.load(BytesIO(tables))
    built = Lark(grammar_text(), **_OPTIONS)
    written = BytesIO()
    built.save(written)
    kept.save("grammar", made_from, written.getvalue())
    return built
