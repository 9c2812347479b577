"""A text in pieces of one kind each, by the language's own tokens; what cannot be parsed has pieces, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lark import Token

from taxon.highlighting.kinds import DECLARING, KINDS, Kind
from taxon.highlighting.words import choices
from taxon.syntax.tokens import tokens

_GIVEN = ("EQUAL", "LBRACE", "IN")  # what follows a path that something is given to


def pieces(text: str) -> Iterator[tuple[Kind, str]]:
    """Every piece in order, nothing lost: `"".join(piece for _, piece in pieces(text)) == text`."""
    found = list(tokens(text))
    given = _given(found)
    last, heading, unset = "", False, False  # the terminal before; whether between `algorithm` and its brace
    for place, token in enumerate(found):
        kind = KINDS[token.type]
        if kind is Kind.NAME:
            if last in DECLARING:
                kind = Kind.DECLARED
            elif unset or (place in given and not heading):
                kind = Kind.PATH
            elif token in choices() and not heading:
                kind = Kind.CHOICE
        elif kind is not Kind.SPACE:
            heading = token.type in DECLARING or (heading and token.type != "LBRACE")
            unset = token.type == "UNSET" or (unset and token.type == "DOT")
        last = last if kind is Kind.SPACE else token.type
        yield kind, str(token)


def _given(found: Sequence[Token]) -> set[int]:
    """The places of the names of every path that is followed by its value or its block."""
    paths: set[int] = set()
    following = ""  # the terminal behind, spaces aside: `named` and `path` where a path goes on there
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
