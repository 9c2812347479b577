"""How a diagnostic looks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent

import pytest

from taxon.diagnostics import concise, full, json_
from taxon.diagnostics.model import Code, Diagnostic, Edit, Label, Severity
from taxon.diagnostics.source import Source, Span

CODE = Code("TX312", "no density", "why")
HYBRID = Source(
    "examples/hybrid.tx",
    "taxon 1\n\nalgorithm a {\n  pi_q = nonparametric\n\n  pi_theta    = mean(s)\n  pi_p = pi_theta\n}\n",
)
MPO = Source("specs/mpo.tx", "taxon 1\npi_p = pi_theta\n")


def at(source: Source, text: str, occurrence: int = 0) -> Span:
    start = [match.start() for match in re.finditer(re.escape(text), source.text)][occurrence]
    return Span(source, start, start + len(text))


def shown(*labels: Label, **rest: object) -> str:
    return full.render([Diagnostic(CODE, "message", labels, **rest)])  # type: ignore[arg-type]


def test_the_whole_look() -> None:
    value = at(HYBRID, "mean(s)")
    diagnostic = Diagnostic(
        CODE,
        "a deterministic policy has no density to weight",
        (
            Label(value, "has no log-density", primary=True),
            Label(at(HYBRID, "nonparametric"), "weights log pi_theta(a|s) in the M-step"),
        ),
        notes=("`pi_q` is inherited from `mpo` (specs/mpo.tx:8)",),
        help="give the policy a covariance",
        edit=Edit(value, "normal(mean(s), cov(s))"),
    )
    assert full.render([diagnostic]) == dedent("""\
        error[TX312]: a deterministic policy has no density to weight
          --> examples/hybrid.tx:6:17
           |
         4 |   pi_q = nonparametric
           |          ------------- weights log pi_theta(a|s) in the M-step
         6 |   pi_theta    = mean(s)
           |                 ^^^^^^^ has no log-density
           = note: `pi_q` is inherited from `mpo` (specs/mpo.tx:8)
        help: give the policy a covariance
         6 |   pi_theta    = normal(mean(s), cov(s))
           = explain: taxon explain TX312
        """)


def test_several_labels_on_a_line_and_a_second_file() -> None:
    text = shown(
        Label(at(MPO, "pi_p"), "also here"),
        Label(at(HYBRID, "pi_p"), "left"),
        Label(at(HYBRID, "pi_theta", 1), "right", primary=True),
    )
    assert text == dedent("""\
        error[TX312]: message
          --> examples/hybrid.tx:7:10
           |
         7 |   pi_p = pi_theta
           |   ----   ^^^^^^^^ right
           |   |
           |   left
          ::: specs/mpo.tx:2:1
           |
         2 | pi_p = pi_theta
           | ---- also here
           = explain: taxon explain TX312
        """)


def test_overlapping_labels_keep_their_texts() -> None:
    text = shown(Label(at(HYBRID, "pi_p = pi_theta"), "outer"), Label(at(HYBRID, "pi_p"), "inner", primary=True))
    assert " |   ^^^^-----------\n" in text
    assert "outer" in text
    assert "inner" in text


def test_tabs_and_wide_characters_are_measured() -> None:
    source = Source("wide.tx", "\tx = '日本', y")
    assert "     | " not in shown(Label(at(source, "y"), "here", primary=True)).splitlines()[3]
    line, marks = shown(Label(at(source, "y"), "here", primary=True)).splitlines()[3:5]
    assert line == " 1 |     x = '日本', y"
    assert marks == "   |                 ^ here"


def test_a_label_over_lines_says_how_far() -> None:
    start, end = at(HYBRID, "algorithm"), at(HYBRID, "}")
    lines = shown(Label(start.to(end), "all of it", primary=True)).splitlines()
    assert lines[3:5] == [" 3 | algorithm a {", "   | ^^^^^^^^^^^^^ all of it (to line 8)"]


def test_long_lines_are_windowed() -> None:
    source = Source("long.tx", "x" * 3000 + "HERE" + "y" * 3000 + "THERE")
    text = shown(Label(at(source, "HERE"), "one", primary=True), Label(at(source, "THERE"), "two"))
    assert max(map(len, text.splitlines())) < 120
    lines = text.splitlines()
    for word, mark in (("HERE", "^^^^ one"), ("THERE", "----- two")):
        (number,) = (i for i, line in enumerate(lines) if re.search(rf"[xy]{word}", line))
        assert lines[number + 1].index(mark) == lines[number].index(word)


def test_an_insertion_at_the_end_of_the_file_has_a_place() -> None:
    source = Source("x.tx", "taxon")
    end = Span(source, 5, 5)
    lines = shown(Label(end, "here", primary=True), edit=Edit(end, " 1"), help="so").splitlines()
    assert lines[3:5] == [" 1 | taxon", "   |      ^ here"]
    assert lines[6] == " 1 | taxon 1"


def test_nothing_of_a_text_drives_the_terminal() -> None:
    source = Source("e\x1b[2Jvil.tx", "x = \x1b[31m\u202e\ud800\x9b y\0")
    diagnostic = Diagnostic(
        CODE,
        "bad \x1b]0;",
        (Label(at(source, "y"), "\x07", primary=True),),
        ("\x1b",),
        "\x1b",
        Edit(at(source, "y"), "\x1b"),
    )
    for text in (full.render([diagnostic]), concise.render([diagnostic]), json_.render([diagnostic])):
        assert all(character.isprintable() or character == "\n" for character in text)
        text.encode()


def test_colour_only_when_told() -> None:
    diagnostic = Diagnostic(CODE, "message", (Label(at(HYBRID, "pi_q"), "here", primary=True),), ("n",), "h")
    plain, coloured = full.render([diagnostic]), full.render([diagnostic], colour=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31merror[TX312]" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_concise() -> None:
    warning = Diagnostic(Code("TX501", "t", "w", Severity.WARNING), "careful")
    error = Diagnostic(CODE, "no density", (Label(at(HYBRID, "mean"), primary=True),))
    assert concise.render([error, warning]) == (
        "examples/hybrid.tx:6:17: error[TX312] no density\nwarning[TX501] careful\n"
    )


def test_json_is_documented() -> None:
    """Every field of every object, in the paragraph on the format."""
    place = at(HYBRID, "mean(s)")
    found = Diagnostic(CODE, "said", (Label(place, primary=True),), edit=Edit(place, "x"))
    text = (Path(__file__).parents[2] / "docs" / "language.md").read_text("utf-8")
    (paragraph,) = [part for part in text.split("\n\n") if part.lstrip().startswith("`json` is one object")]

    def fields(node: object) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(fields, node))
        return set(node).union(*map(fields, node.values())) if isinstance(node, dict) else set()

    assert fields(json.loads(json_.render([found]))) == set(re.findall(r"`(\w+)`", paragraph)) - {
        *("json", "error", "warning", "safe", "unsafe")
    }


def test_json_holds_everything() -> None:
    span = at(HYBRID, "mean(s)")
    diagnostic = Diagnostic(CODE, "m", (Label(span, "l", primary=True),), ("n",), "h", Edit(span, "cov"))
    place = {
        "path": "examples/hybrid.tx",
        "start": {"offset": span.start, "line": 6, "column": 17},
        "end": {"offset": span.end, "line": 6, "column": 24},
    }
    assert json.loads(json_.render([diagnostic])) == {
        "format_version": 1,
        "diagnostics": [
            {
                "code": "TX312",
                "title": "no density",
                "severity": "error",
                "message": "m",
                "labels": [{**place, "text": "l", "primary": True}],
                "notes": ["n"],
                "help": "h",
                "edit": {**place, "replacement": "cov", "applicability": "unsafe"},
            }
        ],
    }


@pytest.mark.parametrize("text", ["ab\r\r\r\n", "ab\r\r\r", "ab\r\n", "ab\n", "ab", "\r\n\r", ""])
def test_a_label_anywhere_is_shown(text: str) -> None:
    """Also within what ends a line: no place of a text is outside every line."""
    source = Source("a.tx", text)
    for start in range(len(text) + 1):
        for end in range(start, len(text) + 1):
            label = Label(Span(source, start, end), "here", primary=True)
            shown = full.render([Diagnostic(Code("TX999", "a title", "why"), "a message", (label,))])
            assert not text or "here" in shown
