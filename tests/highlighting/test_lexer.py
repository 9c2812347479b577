"""The kinds of pieces agree with the language's own tokens, and everything that colours specs reads them."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments import highlight, lex
from pygments.formatters.html import HtmlFormatter
from pygments.token import Error, Keyword, Name

from taxon.cli.screen.highlighting import highlighted
from taxon.cli.screen.terminal import Screen
from taxon.highlighting.kinds import KINDS, Kind
from taxon.highlighting.lexer import TYPES, TaxonLexer
from taxon.highlighting.pieces import pieces
from taxon.syntax.language import language
from taxon.syntax.tokens import tokens

ROOT = Path(__file__).parents[2]
SPECS = [*sorted((ROOT / "specs").glob("*.tx")), *sorted((ROOT / "examples").rglob("*.tx"))]

TEXT = """\
/// Doc.
algorithm ours extends std.sac with fast {
  pi_q.update = sg(samples = 2) + trust_region # c
  network { layer_norm = true }
  G = Q[pi_p]
  when env = "Ant-*" { unset target }
  vary pi_q.update in [sg]
}
"""


def test_every_terminal_has_a_kind() -> None:
    assert {terminal.name for terminal in language().terminals} == KINDS.keys()
    assert set(Kind) - set(KINDS.values()) == {Kind.DECLARED, Kind.PATH, Kind.CHOICE}
    assert set(TYPES) == set(Kind)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_shipped_spec_has_the_tokens_of_the_language(path: Path) -> None:
    text = path.read_text("utf-8")
    found = list(TaxonLexer().get_tokens_unprocessed(text))
    own = list(tokens(text))
    assert [(at, piece) for at, _, piece in found] == [(token.start_pos, str(token)) for token in own]
    assert not [piece for _, kind, piece in found if kind is Error]
    assert {str(token) for token in own if token.type == "ALGORITHM"} <= {
        piece for _, kind, piece in found if kind is Keyword.Declaration
    }


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.stem)
def test_what_pages_show_as_a_spec_is_of_the_language(path: Path) -> None:
    """But for the page of mistakes, which shows what is wrong."""
    for block in re.findall(r"^```tx\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        wrong = [piece for kind, piece in pieces(block) if kind is Kind.WRONG]
        assert not wrong or path.stem == "mistakes"


def test_names_by_where_they_stand() -> None:
    named = {Kind.DECLARED, Kind.PATH, Kind.CHOICE, Kind.NAME}
    assert [(kind.name, piece) for kind, piece in pieces(TEXT) if kind in named] == [
        ("DECLARED", "ours"),
        ("NAME", "std"),
        ("NAME", "sac"),
        ("NAME", "fast"),
        ("PATH", "pi_q"),
        ("PATH", "update"),
        ("CHOICE", "sg"),
        ("PATH", "samples"),
        ("CHOICE", "trust_region"),
        ("PATH", "network"),
        ("PATH", "layer_norm"),
        ("PATH", "G"),
        ("NAME", "Q"),
        ("CHOICE", "pi_p"),
        ("PATH", "env"),
        ("PATH", "target"),
        ("PATH", "pi_q"),
        ("PATH", "update"),
        ("CHOICE", "sg"),
    ]


@given(st.text(alphabet='ab_.= {}[]()+*"/#\n\t1-k:;\u03c0', max_size=60))
def test_nothing_is_lost(text: str) -> None:
    assert "".join(piece for _, piece in pieces(text)) == text


@pytest.mark.parametrize("wrong", ["gamma := 1", "1.2.3", '"open', "'a'", "; x", "// c", "a ? b"])
def test_what_is_no_text_of_the_language_is_an_error(wrong: str) -> None:
    assert Error in {kind for kind, _ in lex(wrong, TaxonLexer())}


def test_it_is_registered_by_the_name_of_the_blocks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["taxon"].partition(":")
    lexer = getattr(import_module(module), name)
    assert lexer is TaxonLexer
    assert "tx" in lexer.aliases
    assert lexer.filenames == ("*.tx",)
    assert lexer.analyse_text("taxon 1\n") == 1.0
    assert lexer.analyse_text("algorithm") == 0.0


def test_it_makes_html() -> None:
    shown = highlight("algorithm a { G = Q[pi_p] }", TaxonLexer(), HtmlFormatter())
    assert '<span class="kd">algorithm</span>' in shown
    assert '<span class="nc">a</span>' in shown
    assert {Name.Class, Name.Function} <= set(TYPES.values())


def test_a_terminal_has_the_same_kinds() -> None:
    shown = highlighted("tune a { search x in [1] }", Screen(None, True))
    assert shown.startswith("\x1b[1mtune\x1b[0m")
    assert "\x1b[1msearch\x1b[0m" in shown
    assert "\x1b[36m1\x1b[0m" in shown
    assert highlighted("tune", Screen(None, False)) == "tune"
