"""A hover over a path, a choice or a parameter has the equations that it becomes in the algorithm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from server.editor import Editor, cursor

from taxon.derivation import equations
from taxon.derivation.notation import plain
from taxon.semantics import load_spec
from taxon.server.hover import hover
from taxon.server.mathematics import Mathematics

HERE = Path("/nowhere/here.tx")
SPEC = "taxon 1\nimport std.sac\n\nalgorithm mine extends std.sac {\n  %s\n}\n"
BECOMES = "What it becomes in `mine`:"


def said(line: str, **more: object) -> str:
    """The hover at the bar of a line of a spec that extends SAC."""
    marked = SPEC % line
    found = hover(HERE, marked.index("|"), {HERE: marked.replace("|", "")}, **more)  # type: ignore[arg-type]
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    "line", ["gam|ma = 0.9", "G.est|imate = td(0) + clipped_double", "G.estimate = td(0) + clipped_do|uble"]
)
def test_the_equations_of_what_stands_there(line: str) -> None:
    """With the row's numbers, in characters that every editor shows."""
    _, begins, derived = said(line).partition(BECOMES)
    assert begins
    shown = re.findall(r"```text\n(.*)\n```", derived)
    assert shown
    assert not [each for each in shown if "\\" in each or "theta" in each or "gamma" in each]


def test_the_numbers_are_those_of_the_spec() -> None:
    assert "0.875" in said("gam|ma = 0.875").partition(BECOMES)[2]


def test_they_are_those_of_the_derivation() -> None:
    row = load_spec("sac").row
    assert row is not None
    (section,) = [each for each in equations(row, "gamma") if each.title == "The target of G"]
    derived = said("gam|ma = 0.99", mathematics=Mathematics.LATEX).partition(BECOMES)[2]
    for line in section.lines:
        assert f"\n```math\n{line}\n```" in derived
    assert f"```text\n{plain(section.lines[0], unicode=True)}\n```" in said("gam|ma = 0.99")


@pytest.mark.parametrize(
    "line",
    [
        "gam|ma = 0.9, network.activation = 7",  # a value of the wrong type
        "gam|ma = 0.9, pi_q = nonparametric",  # a row that means nothing
        'when env = "Ant-*" { G.estimate = retrace|(1) }',  # of which the row has another
        "network.acti|vation = relu",  # no equation has it
    ],
)
def test_there_are_none_without_a_row_that_has_them(line: str) -> None:
    assert BECOMES not in said(line)


def test_the_equation_of_a_choice() -> None:
    """As the derivation's: in LaTeX for an editor that renders it, which a package's may not be."""
    line = "G.estimate = td(0) + clipped_do|uble"
    assert "```text\nQ = min(Q_1, Q_2)\n```" in said(line)
    assert "```math\nQ = \\min (Q_{1}, Q_{2})\n```" in said(line, mathematics=Mathematics.LATEX)
    assert Mathematics.LATEX.equation("y = @r") == "```text\ny = @r\n```"


def test_a_study_has_none() -> None:
    text = "taxon 1\nimport std.sac\nstudy s {\n  base = sac\n  vary gamma in [0.9, 0.99]\n  seeds = 2\n}\n"
    found = hover(HERE, text.index("gamma") + 1, {HERE: text})
    assert found is not None
    assert "What it becomes" not in found[0]


@pytest.mark.parametrize(
    ("options", "fence"),
    [(["equations", {"equations": 3}], "text"), ({"equations": "latex"}, "math")],
)
def test_an_editor_says_how_it_shows_them(options: object, fence: str, tmp_path: Path) -> None:
    editor = Editor(tmp_path, starts=False)
    root = {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}}
    editor.start({**root, "initializationOptions": options})
    text, place = cursor(SPEC % "gam|ma = 0.9")
    editor.open("open.tx", text)
    found = editor.at("textDocument/hover", "open.tx", place)["contents"]["value"]
    assert f"```{fence}\n" in found.partition(BECOMES)[2]
    assert editor.close() == 0
