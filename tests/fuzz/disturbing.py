"""Texts as a stranger, or an accident, would write them: the shipped corpus with its tokens and bytes disturbed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from taxon.syntax.tokens import tokens

ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = ("specs", "examples", "tests/corpus/good", "tests/corpus/bad")

# What breaks out of a text elsewhere: quotes, braces, templates, markup, escapes, globs and what is not seen.
TRICKS = [
    '"""', "'''", '"', "\\", "\\\\", "\n", "\r", "\t", "\0", "\x1b[31m", "\x1b]0;title\x07", "\u202e", "\u2028", "\x85",
    "{{ 7 * 7 }}", "{% raw %}", "{# #}", "{0}", "%s", "$HOME", "`id`", "$(id)", "```", "$\\input{x}$", "\\write18{id}",
    "<script>", "![](http://a)", "::error::", "##[group]", "[bold]", "*", "[!a-z", "(a+)+", "/// x", "#", "}", "\ufeff",
    "import os", "__import__('os')", "../../etc/passwd", "/dev/zero", "std.sac", "1e400", "9" * 39, "1e308", "-0", "é",
    "π_q", "\U0001f600", "\U000e0041",
]  # fmt: skip

# At the ends of the ranges, and beyond them.
NUMBERS = [
    "0",
    "-0",
    "1",
    "2",
    "3",
    "0.5",
    "1e-3",
    "1e-300",
    "5e-324",
    "1e300",
    "1k",
    "1M",
    "0.999999999999",
    "999999999999",
    "1e12",
]


@cache
def corpus() -> tuple[str, ...]:
    """The texts of the shipped specs and of the examples, none of them long."""
    paths = [path for folder in _FOLDERS for path in sorted((ROOT / folder).glob("*.tx"))]
    return tuple(path.read_bytes().decode("utf-8", "replace") for path in paths if path.stat().st_size < 4096)


@cache
def _specs() -> tuple[str, ...]:
    return tuple(path.read_text("utf-8") for path in sorted((ROOT / "specs").glob("*.tx")))


@cache
def _pieces() -> tuple[str, ...]:
    """Every token of the corpus once."""
    return tuple(dict.fromkeys(str(token) for text in corpus() for token in tokens(text)))


@st.composite
def disturbed(draw: DrawFn) -> str:
    """A text of the corpus after a few changes: tokens lost, doubled, swapped, or another in their place."""
    parts = [str(token) for token in tokens(draw(st.sampled_from(corpus())))]
    piece = st.sampled_from(_pieces()) | st.sampled_from(TRICKS)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(parts) - 1, 0)))
        match draw(st.sampled_from(["drop", "double", "swap", "replace", "insert", "cut"])):
            case "drop":
                del parts[at : at + draw(st.integers(1, 8))]
            case "double":
                parts[at:at] = parts[at : at + draw(st.integers(1, 30))]
            case "swap":
                other = draw(st.integers(0, max(len(parts) - 1, 0)))
                if parts:
                    parts[at], parts[other] = parts[other], parts[at]
            case "replace":
                parts[at : at + 1] = [draw(piece)]
            case "insert":
                parts[at:at] = [draw(piece)]
            case "cut":
                joined = "".join(parts)
                place = draw(st.integers(0, len(joined)))
                parts = [
                    joined[:place],
                    draw(st.sampled_from(["", *TRICKS])),
                    joined[place + draw(st.integers(0, 3)) :],
                ]
    return "".join(parts)


@st.composite
def disturbed_bytes(draw: DrawFn) -> bytes:
    """The bytes of a text of the corpus, a few of them others."""
    data = bytearray(draw(st.sampled_from(corpus())).encode())
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        data[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
    return bytes(data)


@st.composite
def renumbered(draw: DrawFn) -> str:
    """A shipped spec with some of its numbers others: most of these are rows still."""
    parts = list(tokens(draw(st.sampled_from(_specs()))))
    places = [at for at, token in enumerate(parts) if token.type == "NUMBER"][1:]
    texts = [str(part) for part in parts]
    for at in draw(st.lists(st.sampled_from(places), min_size=1, max_size=4)) if places else ():
        texts[at] = draw(st.sampled_from(NUMBERS))
    return "".join(texts)


def hostile() -> SearchStrategy[str]:
    """A text for a name, a string or a comment."""
    return st.lists(st.sampled_from(TRICKS) | st.text(max_size=8), max_size=6).map("".join)
