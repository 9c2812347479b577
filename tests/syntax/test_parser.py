"""What is read, and how reading goes on behind a mistake."""

from __future__ import annotations

import pytest

from taxon.diagnostics import fixing, full
from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.source import Source
from taxon.syntax import parse, parse_entries, printing
from taxon.syntax.tree import Algorithm, Assignment, Block, Entry, File, Number, Study


def read(text: str) -> tuple[File, list[Diagnostic]]:
    return parse(Source("x.tx", text))


def body(entries: str) -> tuple[tuple[Entry, ...], list[Diagnostic]]:
    file, findings = read(f"taxon 1\nalgorithm a {{\n{entries}\n}}\n")
    (algorithm,) = file.declarations
    assert isinstance(algorithm, Algorithm)
    return algorithm.entries, findings


def codes(findings: list[Diagnostic]) -> list[str]:
    return [finding.code.id for finding in findings]


def kept(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.path.text for entry in entries if isinstance(entry, Assignment | Block)]


def repaired(text: str, findings: list[Diagnostic]) -> str:
    """The text with every edit of the findings made."""
    edits = [finding.edit for finding in findings if finding.edit is not None]
    for edit in sorted(edits, key=lambda edit: -edit.span.start):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


def test_spans_are_those_of_the_text() -> None:
    file, findings = read('taxon 1\n/// doc\nalgorithm a { π_q = f(x = -1, "s") + [1] * Q[b] }\n')
    assert not findings
    (algorithm,) = file.declarations
    assert isinstance(algorithm, Algorithm)
    assert algorithm.doc == "doc"
    assert algorithm.span.text == 'algorithm a { π_q = f(x = -1, "s") + [1] * Q[b] }'
    (entry,) = algorithm.entries
    assert isinstance(entry, Assignment)
    assert (entry.path.text, entry.path.span.text) == ("pi_q", "π_q")
    assert entry.value.span.text == 'f(x = -1, "s") + [1] * Q[b]'


def test_doc_comments_go_to_what_follows() -> None:
    file, findings = read("taxon 1\n/// a\n\n/// b\nstudy s {\n  seeds = 1 # c\n  /// d\n  steps = 2\n}\n")
    assert not findings
    (study,) = file.declarations
    assert isinstance(study, Study)
    assert study.doc == "a\nb"
    assert [entry.doc for entry in study.entries if isinstance(entry, Assignment)] == ["", "d"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1M", 1_000_000), ("1.5k", 1500), ("-2", -2), ("1e6", 1_000_000), ("1.0", 1), ("0.5", 0.5), ("3e-4", 3e-4),
     ("0.5M", 500_000), ("1e22", 1e22), (".9", 0.9), ("-.5", -0.5), ("5.", 5), ("1_000", 1000), ("1e-3k", 1),
     ("12345678901234567891", 12345678901234567891)],
)  # fmt: skip
def test_numbers(text: str, value: float) -> None:
    (entry,), findings = body(f"a = {text}")
    assert not findings
    assert isinstance(entry, Assignment)
    assert isinstance(entry.value, Number)
    assert entry.value.value == value
    assert type(entry.value.value) is type(value)


def test_each_mistake_is_reported_once_and_the_rest_is_kept() -> None:
    entries, findings = body(
        "a = = 1\nb = 1\nc 1, d = 2\ne { f = (, g = 1 }\nh = [1 2], i = 1\nj = f(1, k = )\nl = 3e-4b\nm = 1"
    )
    assert codes(findings) == ["TX001", "TX001", "TX002", "TX001", "TX001", "TX007"]
    assert kept(entries) == ["b", "d", "e", "i", "m"]


def test_an_open_bracket_takes_the_lines_indented_deeper() -> None:
    entries, findings = body("  a = f(\n    1,\n    b = 2,\n    [3\n  c = 1\n  d = [\n    1\n")
    assert codes(findings) == ["TX002", "TX002"]
    assert kept(entries) == ["c"]


@pytest.mark.parametrize(
    "mistake",
    ["a = [1, 2", "a = f(1,", "a = f(g(1)", "a = [1, b = 2", "a =", "a", "a.", "unset", 'a = "x', "= 1", "a = 1)",
     "when", "vary", "a = 1 2", "a = b * c * d", "a = (1)", "a = x.y(1)", "a = b[1]", "a..b = 1", "a = [,]", "+", "'",
     "a = - 1 2", "when x { }", "x { a = }", "f(1)", "x = { a = 1 }", "a = 1e400", "when = 1", "a = f(1 = 2)"],
)  # fmt: skip
def test_one_mistake_costs_one_entry(mistake: str) -> None:
    entries, findings = body(f"first = 1\n{mistake}\nlast = 1")
    assert len(findings) == 1
    assert [name for name in kept(entries) if name != "x"] == ["first", "last"]


def test_a_broken_head_drops_the_declaration_but_its_body_is_read() -> None:
    file, findings = read("taxon 1\nalgorithm a extends { b = = 1 }\nalgorithm c { when d { e = = 1 }, f = 1 }\n")
    assert codes(findings) == ["TX001"] * 4
    (algorithm,) = file.declarations
    assert isinstance(algorithm, Algorithm)
    assert kept(algorithm.entries) == ["f"]


@pytest.mark.parametrize("text", ["taxon 1\nalgorithm a {", "taxon 1\nalgorithm a { b { c = 1\n"])
def test_an_open_brace_is_closed_at_the_end(text: str) -> None:
    file, findings = read(text)
    assert codes(findings) == ["TX002"]
    assert len(file.declarations) == 1


def test_a_mistake_behind_a_block_leaves_the_block() -> None:
    entries, findings = body("a { b = 1 } c = 2\nwhen d = 1 { e = 1 } )\nf = 1")
    assert codes(findings) == ["TX001", "TX003"]
    assert kept(entries) == ["a", "f"]
    file, findings = read("taxon 1\nalgorithm a { b = 1 } c = 2\nalgorithm d {}")
    assert codes(findings) == ["TX001"]
    assert len(file.declarations) == 2


def test_an_open_brace_ends_where_the_next_declaration_begins() -> None:
    file, findings = read("taxon 1\nalgorithm a {\n  b {\n    c = 1\n\nalgorithm d { e = 1 }\n")
    assert codes(findings) == ["TX002"]
    assert [declaration.name.text for declaration in file.declarations] == ["a", "d"]


def test_text_between_declarations_is_one_mistake() -> None:
    file, findings = read("taxon 1\nfoo = 1\nbar { }\n}\nalgorithm a {}\n")
    assert codes(findings) == ["TX001"]
    assert len(file.declarations) == 1


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("a: 1", "a= 1"),
        ("a == 1", "a = 1"),
        ("a := 1", "a = 1"),
        ("a: { b = 1 }", "a { b = 1 }"),
        ("a = 1;", "a = 1"),
        ("a = 1; b = 2", "a = 1, b = 2"),
        ("a { b = 1; }", "a { b = 1 }"),
        ("a = 'x'", 'a = "x"'),
        ("a = True", "a = true"),
        ("a = 1 // one", "a = 1 # one"),
        ("a = 10K", "a = 10k"),
        ("a = 1__000", "a = 1000"),
        ("𝜋_q = 1", "pi_q = 1"),
        ("a = σ", "a = sigma"),  # noqa: RUF001
    ],
)
def test_edits_lead_to_a_right_text(wrong: str, right: str) -> None:
    text = "taxon 1\nalgorithm x {\n%s\n}\n"
    _, findings = read(text % wrong)
    assert len(findings) == 1
    assert repaired(text % wrong, findings) == text % right
    assert not read(text % right)[1]


def test_entries_may_stand_alone() -> None:
    source = Source("--set", "optimizer.policy.lr=5e-5, unset target")
    entries, findings = parse_entries(source)
    assert not findings
    assert [entry.span.text for entry in entries] == ["optimizer.policy.lr=5e-5", "unset target"]


@pytest.mark.parametrize("text", ["a = ", "a", "= 1", "a = 1 }", "algorithm b {}", "a = [1", "vary a in [1]", "$"])
def test_a_mistake_in_loose_entries_is_reported_once(text: str) -> None:
    entries, findings = parse_entries(Source("--set", text))
    assert not entries
    assert len(findings) == 1


def test_a_missing_edition_is_repaired_by_its_edit() -> None:
    for text in ("", "algorithm a {}\n", "\ufeffalgorithm a {}\n"):
        _, findings = read(text)
        assert codes(findings) == ["TX004"]
        assert not read(repaired(text, findings))[1]


@pytest.mark.parametrize("line", ["taxon 2", "taxon 1.5", "taxon 0"])
def test_no_other_edition_is_read(line: str) -> None:
    assert codes(read(line)[1]) == ["TX005"]


@pytest.mark.parametrize("line", ["taxon", "taxon one", "taxon = 1", "taxo 1"])
def test_a_broken_edition_line_is_one_mistake(line: str) -> None:
    file, findings = read(f"{line}\nalgorithm a {{}}\n")
    assert codes(findings) == ["TX001"]
    assert len(file.declarations) == 1


def test_line_ends_and_byte_order_mark() -> None:
    text = "taxon 1\nalgorithm a {\n  b = f(\n    1)\n  c = 2\n}\n"
    plain, _ = read(text)
    for other in (text.replace("\n", "\r\n"), "\ufeff" + text):
        file, findings = read(other)
        assert not findings
        assert printing.file(file) == printing.file(plain)


def test_a_carriage_return_alone_ends_a_line_and_is_refused() -> None:
    """A program that shows it as none would show the entry after a comment as part of the comment."""
    text = "taxon 1\nalgorithm a {\n  # why\r  c = 2\n}\n"
    file, findings = read(text)
    assert printing.file(file) == printing.file(read(text.replace("\r", "\n"))[0])
    assert [finding.code.id for finding in findings] == ["TX019"]
    assert findings[0].edit is not None
    assert fixing.apply(text, [findings[0].edit]) == (text.replace("\r", "\n"), 1)


@pytest.mark.parametrize("character", [*"\0\x07\x1b\x7f\x85", *"\u200b\u200e\u2028\u202e\u2066\ufeff", "\U000e0041"])
@pytest.mark.parametrize("line", ["# a{}b", "/// a{}b", 'c = "a{}b"'])
def test_what_is_not_seen_is_refused(line: str, character: str) -> None:
    plain, _ = read("taxon 1\nalgorithm a {\n" + line.format("") + "\nd = 1\n}")
    file, findings = read("taxon 1\nalgorithm a {\n" + line.format(character) + "\nd = 1\n}")
    assert [finding.code.id for finding in findings] == ["TX019"]
    assert findings[0].primary is not None
    assert findings[0].primary.text == character
    assert len(file.declarations[0].entries) == len(plain.declarations[0].entries)
    assert character not in full.render(findings)
