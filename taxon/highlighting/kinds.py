"""The kinds of tokens, and which each terminal of the grammar is."""

from __future__ import annotations

from enum import Enum, auto

from taxon.syntax.language import KEYWORDS


class Kind(Enum):
    """What a piece of text is to its reader."""

    SPACE = auto()
    COMMENT = auto()
    DOC = auto()
    KEYWORD = auto()
    DECLARE = auto()  # a keyword that a declaration begins with
    DECLARED = auto()  # the name after it
    PATH = auto()  # what a value or a block is given to
    CHOICE = auto()
    NAME = auto()  # any other
    CONSTANT = auto()
    NUMBER = auto()
    STRING = auto()
    OPERATOR = auto()
    BRACKET = auto()
    WRONG = auto()  # what no text of the language holds


DECLARING = frozenset({"ALGORITHM", "ARCHITECTURE", "STUDY", "TUNE"})
CONSTANTS = frozenset({"TRUE", "FALSE"})
COMMANDING = KEYWORDS - DECLARING - CONSTANTS

_KINDS = {
    Kind.SPACE: ("SPACE", "NEWLINE", "BOM"),
    Kind.COMMENT: ("COMMENT",),
    Kind.DOC: ("DOC",),
    Kind.KEYWORD: COMMANDING,
    Kind.DECLARE: DECLARING,
    Kind.NAME: ("NAME",),
    Kind.CONSTANT: CONSTANTS,
    Kind.NUMBER: ("NUMBER",),
    Kind.STRING: ("STRING",),
    Kind.OPERATOR: ("EQUAL", "PLUS", "MINUS", "STAR"),
    Kind.BRACKET: ("COMMA", "DOT", "LBRACE", "RBRACE", "LPAR", "RPAR", "LSQB", "RSQB"),
    Kind.WRONG: ("SLASHES", "BAD_NUMBER", "OPEN_STRING", "QUOTED", "EQUALITY", "SEMICOLON", "JUNK"),
}
KINDS: dict[str, Kind] = {terminal: kind for kind, terminals in _KINDS.items() for terminal in terminals}
"""The kind of every terminal. A name is of another kind where it stands as one (`taxon.highlighting.pieces`)."""
