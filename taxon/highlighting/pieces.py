"""A text in pieces of one kind each, by the language's own tokens; what cannot be parsed has pieces, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lark import Token

from taxon.highlighting.kinds import KINDS, Kind
from taxon.highlighting.words import choices
from taxon.syntax.tokens import tokens

_GIVEN = ("EQUAL", "LBRACE")  # what follows a path that something is given to


def pieces(text: str) -> Iterator[tuple[Kind, str]]:
    """Every piece in order, nothing lost: `"".join(piece for _, piece in pieces(text)) == text`."""
    found = list(tokens(text))
    paths = _paths(found)
    last = ""
    for place, token in enumerate(found):
        kind = KINDS[token.type]
        if kind is Kind.NAME:
            declared = KINDS.get(last) is Kind.DECLARE
            chosen = Kind.CHOICE if token in choices() else Kind.NAME
            kind = Kind.DECLARED if declared else Kind.PATH if place in paths else chosen
        last = last if kind is Kind.SPACE else token.type
        yield kind, str(token)


def _paths(found: Sequence[Token]) -> set[int]:
    """The places of the names of every path that is followed by its value or its block."""
    paths: set[int] = set()
    following = ""  # of what lies behind a token and is no space: the terminal, `path` where a path goes on there
    for place in range(len(found) - 1, -1, -1):
        kind = found[place].type
        if kind == "NAME" and following in (*_GIVEN, "path"):
            paths.add(place)
            following = "named"
        elif kind == "DOT" and following == "named":
            following = "path"
        elif KINDS[kind] is not Kind.SPACE:
            following = kind
    return paths
