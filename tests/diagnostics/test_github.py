"""Workflow commands of GitHub Actions."""

from __future__ import annotations

from taxon.diagnostics import github
from taxon.diagnostics.model import Code, Diagnostic, Label, Severity
from taxon.diagnostics.source import Source, Span

CODE = Code("TX501", "one critic, two", "why", Severity.WARNING)
SOURCE = Source("a,b:c%.tx", "one\ntwo three\n", is_file=True)


def line(*labels: Label, message: str = "said", help: str = "") -> str:
    return github.render([Diagnostic(CODE, message, labels, help=help)])


def test_a_place() -> None:
    assert line(Label(Span(SOURCE, 4, 7), "here", primary=True)) == (
        "::warning file=a%2Cb%3Ac%25.tx,line=2,col=1,endLine=2,endColumn=4,title=TX501 one critic%2C two::said\n"
    )


def test_columns_only_on_one_line() -> None:
    assert "line=1,endLine=2,title" in line(Label(Span(SOURCE, 1, 7), primary=True))


def test_what_is_no_file_has_no_place() -> None:
    shipped = Label(Span(Source("std.sac", "gamma"), 0, 5), primary=True)
    assert line(shipped) == line() == "::warning title=TX501 one critic%2C two::said\n"


def test_nothing_of_a_text_makes_a_command_of_its_own() -> None:
    text = line(message="100%\n::error::injected\r", help="so: a, b")
    assert text.count("\n") == 1
    assert text.endswith("::100%25\u240a::error::injected\u240d%0Ahelp: so: a, b\n")
