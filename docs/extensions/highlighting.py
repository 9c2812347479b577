"""Colours of the blocks of code: of specs by taxon's own lexer, of terminals by what taxon prints on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pygments import token
from pygments.lexer import RegexLexer, bygroups

from taxon.highlighting.lexer import TaxonLexer

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class TerminalLexer(RegexLexer):
    """Commands with what they print; findings have the colours that they have on a terminal."""

    name = "terminal"
    aliases = ("console",)
    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [
            (r"^(\$ )((?:.*\\\n)*.*)", bygroups(token.Generic.Prompt, token.Name.Builtin)),
            (r"^(error)(\[\w+\])?(: )", bygroups(token.Generic.Error, token.Generic.Error, token.Punctuation), "said"),
            (r"^(warning)(\[\w+\])?(: )", bygroups(token.Name.Label, token.Name.Label, token.Punctuation), "said"),
            (r"^( ?help)(:)", bygroups(token.Generic.Inserted, token.Punctuation)),
            (r"^ +(?:-->|:::|=) .*", token.Comment),
            (r"^ *\d+ \|", token.Comment),
            (r"^( +\| *)(\^+)(.*)", bygroups(token.Comment, token.Generic.Error, token.Generic.Error)),
            (r"^( +\| *)(-+)(.*)", bygroups(token.Comment, token.Name.Label, token.Name.Label)),
            (r"^ +\|$", token.Comment),
            (r".+", token.Generic.Output),
            (r"\n", token.Text),
        ],
        "said": [(r".+", token.Generic.Strong), (r"\n", token.Text, "#pop")],
    }


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both, the first for a checkout whose installation is older than its lexer."""
    for alias in TaxonLexer.aliases:
        app.add_lexer(alias, TaxonLexer)
    app.add_lexer("console", TerminalLexer)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
