"""Texts from nobody's friend: a bounded time, a bounded list of findings, never an exception."""

from __future__ import annotations

import time

import pytest

from taxon.diagnostics import full, json_
from taxon.diagnostics.source import Source
from taxon.syntax import parse
from taxon.syntax.parser import LARGEST, MOST_FINDINGS

HEAD = "taxon 1\nalgorithm a {\n"
HOSTILE = {
    "blocks": ("TX010", HEAD + "x {" * 10_000),
    "closed blocks": ("TX010", HEAD + "x {" * 10_000 + "}" * 10_001),
    "parentheses": ("TX010", HEAD + "x = " + "f(" * 10_000 + ")" * 10_000 + "}"),
    "open parentheses": ("TX002", HEAD + "x = " + "(" * 50_000),
    "lists": ("TX010", HEAD + "x = " + "[" * 10_000 + "]" * 10_000 + "}"),
    "crossed brackets": ("TX004", "[(]" * 20_000),
    "a line of 5 MB": ("TX011", "taxon 1\nalgorithm a { x = " + "1" * 5_000_000),
    "many lines": ("TX011", "taxon 1\n" * 1_000_000),
    "NUL bytes": ("TX004", "\0" * 50_000),
    "surrogates": ("TX004", "\ud800\udfff" * 1000),
    "long number": ("TX008", HEAD + "x = " + "9" * 60_000 + "}"),
    "huge exponent": ("TX008", HEAD + "x = 1e" + "9" * 30 + "}"),
    "infinite": ("TX008", HEAD + "x = 1e999 }"),
    "quotes": ("TX004", '"\n' * 30_000),
    "junk": ("TX002", HEAD + "$\n" * 30_000),
    "colons": ("TX014", HEAD + "a:1;" * 15_000 + "}"),
    "semicolons": ("TX014", HEAD + ";" * 60_000 + "}"),
    "openers": ("TX002", HEAD + "x = [[[[\n" * 6_000 + "}"),
    "declarations": ("TX004", "algorithm a {" * 5_000),
    "open lines": ("TX002", "taxon 1\n" + "algorithm a {\n" * 4_000),
    "docs": ("TX017", "taxon 1\n" + "///\n" * 15_000),
}


# Seconds of processor time: far above what any of these takes, far below what a square or a loop would.
HANGS = 30


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts(name: str) -> None:
    code, text = HOSTILE[name]
    begun = time.process_time()
    file, findings = parse(Source("hostile.tx", text))
    shown = full.render(findings)
    json_.render(findings)
    assert time.process_time() - begun < HANGS
    assert findings[0].code.id == code
    assert len(findings) <= MOST_FINDINGS + 1
    assert max(map(len, shown.splitlines())) < 250
    assert "\0" not in shown
    repr(file)  # no tree is too deep to walk


LONG = {
    "entries": HEAD + "x=1\n" * 16_000 + "}",
    "items": HEAD + "x = [" + "1," * 32_000 + "]}",
    "terms": HEAD + "x = " + "a+" * 32_000 + "a}",
    "names": HEAD + "x = " + "a." * 32_000 + "a}",
    "string": HEAD + 'x = "' + "a" * 65_000 + '"}',
    "comment": HEAD + "#" * 65_000 + "\n}",
}


@pytest.mark.parametrize("name", LONG)
def test_long_texts_are_read(name: str) -> None:
    assert len(LONG[name]) <= LARGEST
    begun = time.process_time()
    file, findings = parse(Source("long.tx", LONG[name]))
    assert time.process_time() - begun < HANGS
    assert not findings
    assert len(file.declarations) == 1


def test_the_depth_that_is_allowed() -> None:
    text = HEAD + "x = " + "f(" * 63 + "1" + ")" * 63 + "}"
    assert not parse(Source("deep.tx", text))[1]
    assert [finding.code.id for finding in parse(Source("deep.tx", text.replace("1)", "f(1))")))[1]] == ["TX010"]


def test_too_many_mistakes_end_in_saying_so() -> None:
    _, findings = parse(Source("many.tx", HEAD + "$\n" * 200 + "}"))
    assert len(findings) == MOST_FINDINGS + 1
    assert findings[-1].code.id == "TX018"
