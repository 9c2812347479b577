"""The one style: what it makes of each construct, and the laws that hold for any text without errors."""

from __future__ import annotations

import random
import time
from itertools import pairwise
from pathlib import Path

import pytest
import random_trees
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

from taxon.diagnostics.model import Diagnostic, Severity
from taxon.diagnostics.source import Source
from taxon.syntax import parse, printing
from taxon.syntax.formatting import formatted
from taxon.syntax.parser import LARGEST
from taxon.syntax.tokens import tokens
from taxon.syntax.tree import File

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*ROOT.glob("specs/*.tx"), *ROOT.glob("examples/*.tx")])


def readable(path: Path) -> str | None:
    """The text of a file, its line ends as they are; None if it has a syntax error or is no text."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if fine(text) else None


def fine(text: str) -> bool:
    return all(finding.severity is not Severity.ERROR for finding in parse(Source("", text))[1])


TEXTS = {
    path: text for path in (*SHIPPED, *sorted(ROOT.glob("tests/corpus/*/*.tx"))) if (text := readable(path)) is not None
}


def styled(text: str, unicode: bool = False) -> str:
    result = formatted(Source("", text), unicode)
    assert isinstance(result, str)
    return result


def comments(text: str) -> list[str]:
    return [token.rstrip() for token in tokens(text) if token.type in ("COMMENT", "DOC")]


def codes(text: str) -> list[str]:
    return [finding.code.id for finding in parse(Source("", text))[1]]


def assert_laws(text: str) -> None:
    """The tree, the comments and the findings of a text outlive formatting, which is done once and for all."""
    for unicode in (False, True):
        result = styled(text, unicode)
        assert styled(result, unicode) == result
        assert random_trees.without_places(parse(Source("", result))[0]) == random_trees.without_places(
            parse(Source("", text))[0]
        )
        assert comments(result) == comments(text)
        assert codes(result) == codes(text)
        lines = result.split("\n")
        assert all(line == line.rstrip(" ") for line in lines)
        assert "" not in lines[:1]
        for before, line in pairwise(lines[:-1]):
            assert line or (before and not before.endswith("{")), "a blank line too many"
            assert before or line.strip() != "}", "a blank line at the end of a block"


def test_there_are_texts() -> None:
    assert len(SHIPPED) > 50
    assert len(TEXTS) > len(SHIPPED) + 100


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_files(path: Path) -> None:
    assert_laws(TEXTS[path])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_is_in_the_style(path: Path) -> None:
    """Run `taxon fmt specs/*.tx examples/*.tx` where this fails."""
    assert styled(TEXTS[path]) == TEXTS[path]


@settings(max_examples=50, deadline=None)
@given(random_trees.files)
def test_random_files(file: File) -> None:
    assert_laws(printing.file(file))


@settings(max_examples=15, deadline=None)
@given(strategies.rows_text())
def test_random_rows(text: str) -> None:
    assert_laws(text)


TRIVIA = ["\n", "\n\n\n", "\r\n", " ", "\t", " # c\n", "\n# own\n", " /// d\n", "\n/// d\n", ",", ",\n", "\n, "]


@settings(max_examples=40, deadline=None)
@given(random_trees.files, st.randoms(use_true_random=False))
def test_random_trivia(file: File, chance: random.Random) -> None:
    """Comments, newlines and commas wherever the language takes them."""
    text = printing.file(file)
    for _ in range(12):
        text = disturbed(text, TRIVIA, chance)
    assert_laws(text)


def disturbed(text: str, insertions: list[str], chance: random.Random) -> str:
    """A text with something more in it, or as it was if that is an error."""
    pieces = [str(token) for token in tokens(text)]
    pieces.insert(chance.randint(0, len(pieces)), chance.choice(insertions))
    changed = "".join(pieces)
    return changed if fine(changed) else text


WORDS = [
    "{ a = 1 }",
    "{}",
    "[1, 2]",
    "f(x = 1)",
    "π_q",
    "1M",
    "-1",
    "Q[pi_p]",
    " + sg",
    " * 2",
    "= 1",
    "unset x",
    "when",
]


@pytest.mark.parametrize("seed", range(100))
def test_mutated_files(seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(list(TEXTS.values()))
    for _ in range(20):
        text = disturbed(text, TRIVIA + WORDS, chance)
    assert_laws(text)


HEAD = "taxon 1\nalgorithm a {\n"
LONG = {
    "entries": HEAD + "x=1\n" * 8_000 + "}",
    "blocks on one line": HEAD + "x { y = 1 }\n" * 2_000 + "}",
    "items": HEAD + "x = [" + "1," * 8_000 + "]}",
    "terms": HEAD + "x = " + "a+" * 16_000 + "a}",
    "calls": HEAD + "x = " + "f(1)+" * 4_000 + "a}",
    "nested": HEAD + "x {" * 63 + "y = 1" + "}" * 64,
    "deep calls": HEAD + "x = " + "f(aaaaaaaaaa, " * 63 + "1" + ")" * 63 + "}",
    "comments": HEAD + "x = [\n" + "#\n1,\n" * 4_000 + "]}",
    "trailing": HEAD + "x = 1 # c\n" * 3_000 + "}",
}


@pytest.mark.parametrize("name", LONG)
def test_long_texts_take_no_time(name: str) -> None:
    assert fine(LONG[name])
    begun = time.process_time()
    assert formatted(Source("", LONG[name]))
    assert time.process_time() - begun < 10  # far above what any takes, far below what a square would


def test_what_would_be_too_large_to_read_is_refused() -> None:
    text = HEAD + "x{" * 60 + "a=1," * 2_000 + "}" * 61
    assert fine(text)
    result = formatted(Source("", text))
    assert isinstance(result, Diagnostic)
    assert result.code.id == "TX011"
    assert len(styled(text.replace("x{", "", 59).replace("}", "", 59)).encode()) <= LARGEST


BODIES = {
    "spaces": (
        "a=1\n  b  =  f( x=1 ,2,[ 3,4, ] , )+g *  h\nc=Q [ pi_p ]",
        "a = 1\nb = f(x = 1, 2, [3, 4]) + g * h\nc = Q[pi_p]",
    ),
    "one entry a line": ("a = 1, b = 2,\nc = 3", "a = 1\nb = 2\nc = 3"),
    "keywords": (
        'unset  a . b\nallow  TX501"why"\nwhen x=y{c=1}',
        'unset a.b\nallow TX501 "why"\nwhen x = y { c = 1 }',
    ),
    "short paths share a column in a body": (
        "a = 1\n\nunset y\nbb = 2 # c\n# d\ntwelve.chars = 3",
        "a            = 1\n\nunset y\nbb           = 2 # c\n# d\ntwelve.chars = 3",
    ),
    "long paths share one with neighbours that are alike": (
        "a = 1\nnetwork.policy.hidden = 1\nnetwork.value.hidden = 2\nnetwork.activation = 3\n\nnetwork.value.scale = 5",
        "a = 1\nnetwork.policy.hidden = 1\nnetwork.value.hidden  = 2\nnetwork.activation = 3\n\n"
        "network.value.scale = 5",
    ),
    "blocks on one line share one too": (
        'when env = "A" { a = 1 }\nwhen env = "BBBB" { b = 2 }\n\nwhen env = "CC" { c = 3 }\nnetwork { d = 4 }',
        'when env = "A"    { a = 1 }\nwhen env = "BBBB" { b = 2 }\n\nwhen env = "CC" { c = 3 }\nnetwork { d = 4 }',
    ),
    "no column where a line would be too long": (
        f'when env = "A" {{ a = "{"x" * 88}" }}\nwhen env = "BBBBBBBBB" {{ b = 2 }}',
        f'when env = "A" {{ a = "{"x" * 88}" }}\nwhen env = "BBBBBBBBB" {{ b = 2 }}',
    ),
    "a block stays on its line": ("x{a=1,b{c=2}}", "x { a = 1, b { c = 2 } }"),
    "or on its lines": ("x {\na=1,bb=2}", "x {\n  a  = 1\n  bb = 2\n}"),
    "a block too long for its line": (
        f'x {{ a = "{"y" * 60}", b = "{"z" * 60}" }}',
        f'x {{\n  a = "{"y" * 60}"\n  b = "{"z" * 60}"\n}}',
    ),
    "an empty block": ("x {\n\n}\ny { }", "x {}\ny {}"),
    "blank lines": ("\n\na = 1\n\n\n\nb = 2\n\n", "a = 1\n\nb = 2"),
    "numbers and strings as written": (
        'a = 1M\nb = 0.10\nc = 1000000\nd = 3E-04\ne = "π_q \\t"',
        'a = 1M\nb = 0.10\nc = 1000000\nd = 3E-04\ne = "π_q \\t"',
    ),
    "names in ASCII": (
        "π_q.update = η * log(Q[π_p]) + f(λ = γ, ε = π_θ)",  # noqa: RUF001
        "pi_q.update = eta * log(Q[pi_p]) + f(lambda = gamma, epsilon = pi_theta)",
    ),
    "a long line is broken at its last bracket that suffices": (
        f"a = f(first = {'x' * 40}) + g(second = {'y' * 40}, third = 3) + h(4)",
        f"a = f(first = {'x' * 40}) + g(\n  second = {'y' * 40},\n  third = 3,\n) + h(4)",
    ),
    "or at all of them": (
        f"a = f({'x' * 110}) + g({'y' * 110}) + cov[s]",
        f"a = f(\n  {'x' * 110},\n) + g(\n  {'y' * 110},\n) + cov[s]",
    ),
    "or not, if it has none": (f"a = {'x' * 130} + cov[s]", f"a = {'x' * 130} + cov[s]"),
    "a broken line that fits is joined": ("a = f(\n  1,\n  2,\n)", "a = f(1, 2)"),
    "comments beside and between": (
        "# one\na = 1# two\nbbb = 2   # three\n\n# four\n\nc = 3 # five",
        "# one\na   = 1 # two\nbbb = 2 # three\n\n# four\n\nc   = 3 # five",
    ),
    "comments of adjacent lines share a column": (
        "unset a # one\nunset bbb # two\n\nunset c # three",
        "unset a   # one\nunset bbb # two\n\nunset c # three",
    ),
    "a comment beside a brace": (
        "x { # one\n  # two\na = 1 } # three\ny {\n# four\na = 1 # five\n# six\n}",
        "x { # one\n  # two\n  a = 1\n} # three\ny {\n  # four\n  a = 1 # five\n  # six\n}",
    ),
    "comments in brackets": (
        "a = f( # one\n# two\nx = 1 # three\n, y = 2, # four\n) + g(1)\nb = [ # five\n]",
        "a = f( # one\n  # two\n  x = 1, # three\n  y = 2, # four\n) + g(\n  1,\n)\nb = [ # five\n]",
    ),
    "a comment in an argument or an index": (
        "a = f(x # one\n = # two\n Q[ # three\n pi_p # four\n])",
        "a = f(\n  x # one\n      = # two\n      Q[ # three\n        pi_p # four\n      ],\n)",
    ),
    "a comment before a comma": ("a = 1 # one\n# two\n, b = 2", "a = 1 # one\n# two\nb = 2"),
    "a doc comment stands above what it documents": (
        "a = 1 /// of b\nb = 2\nx { /// of c\nc = 3 }",
        "a = 1\n/// of b\nb = 2\nx {\n  /// of c\n  c = 3\n}",
    ),
    "a doc comment of a comma documents nothing": (
        "a = 1 # one\n/// two\n, b = 2",
        "a = 1 # one\n    /// two\n    ,\nb = 2",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(name: str) -> None:
    written, expected = (f"taxon 1\nalgorithm a {{\n{text}\n}}\n" for text in BODIES[name])
    assert fine(written)
    lines = styled(written).splitlines()
    inside = [line.removeprefix("  ") for line in lines[2:-1]]
    assert [*lines[:2], *inside, lines[-1]] == expected.splitlines()
    assert_laws(written)


def test_a_file() -> None:
    written = (
        '\ufeff\r\n# first\r\n\r\n\r\ntaxon   1 # edition\r\nimport "a.tx"# one\nimport  std . sac   # two\n\n\n'
        "///doc\nalgorithm a   extends std.sac # head\n with b\n,c # more\n{x=1}\n"
        "algorithm d{} study e{vary x in[1,2]\nseeds=3\n}\n\n# last\n\n"
    )
    assert styled(written) == (
        '# first\n\ntaxon 1        # edition\nimport "a.tx"  # one\nimport std.sac # two\n\n'
        "///doc\nalgorithm a extends std.sac # head\n    with b, c # more\n    { x = 1 }\nalgorithm d {}\nstudy e {\n"
        "  vary  x in [1, 2]\n  seeds = 3\n}\n\n# last\n"
    )
    assert_laws(written)


def test_greek() -> None:
    text = "taxon 1\nalgorithm beta {\n  pi_q.update = eta * log(Q[pi_p]) + f(lambda = gamma, pie = 1)\n}\n"
    greek = "taxon 1\nalgorithm beta {\n  π_q.update = η * log(Q[π_p]) + f(λ = γ, pie = 1)\n}\n"  # noqa: RUF001
    assert styled(text, unicode=True) == greek
    assert styled(greek) == text
