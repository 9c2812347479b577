"""The lexer of `.tx` files for Pygments, which registers it for `tx` and `taxon` where taxon is installed."""

from __future__ import annotations

from collections.abc import Iterator

from pygments import token
from pygments.lexer import Lexer

from taxon.highlighting.kinds import Kind
from taxon.highlighting.pieces import pieces

TYPES = {
    Kind.SPACE: token.Whitespace,
    Kind.COMMENT: token.Comment.Single,
    Kind.DOC: token.String.Doc,
    Kind.KEYWORD: token.Keyword,
    Kind.DECLARE: token.Keyword.Declaration,
    Kind.DECLARED: token.Name.Class,
    Kind.PATH: token.Name.Attribute,
    Kind.CHOICE: token.Name.Function,
    Kind.NAME: token.Name,
    Kind.CONSTANT: token.Keyword.Constant,
    Kind.NUMBER: token.Number,
    Kind.STRING: token.String,
    Kind.OPERATOR: token.Operator,
    Kind.BRACKET: token.Punctuation,
    Kind.WRONG: token.Error,
}


class TaxonLexer(Lexer):  # type: ignore[misc]
    """By the language's own tokens: a token of Pygments is one of theirs."""

    name = "taxon"
    aliases = ("tx", "taxon")
    filenames = ("*.tx",)
    mimetypes = ("text/x-taxon",)

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, token._TokenType, str]]:
        at = 0
        for kind, piece in pieces(text):
            yield at, TYPES[kind], piece
            at += len(piece)

    @staticmethod
    def analyse_text(text: str) -> float:
        """How likely a text without a file's name is one of ours: its edition line says so."""
        return 1.0 if text.startswith("taxon 1") else 0.0
