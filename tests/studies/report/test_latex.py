"""Tables for a paper: booktabs, and text that LaTeX prints as it stands."""

from __future__ import annotations

import re

import pytest

from taxon.studies.report.latex import escaped, latex
from taxon.studies.report.tables import Table

HOSTILE = "\\input{/etc/passwd} $x^2$ 100% #1 a_b ~ & <q> \"'`|"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a_b & c", r"a\_b \& c"),
        ("50 %", r"50 \%"),
        ("\\write18", r"\textbackslash{}write18"),
        ("{x}^2 ~", r"\{x\}\textasciicircum{}2 \textasciitilde{}"),
        ("301 ± 12 † 2/10", r"301 $\pm$ 12 \textsuperscript{\dag} 2/10"),
        ("a\nb", "a[symbol for line feed]b"),
        ("\u202eevil", "[replacement character]evil"),
        ("Grüße", "Grüße"),
        ("\u4e2d", "[cjk unified ideograph-4e2d]"),
    ],
)
def test_text(text: str, printed: str) -> None:
    assert escaped(text) == printed


def test_no_character_is_left_that_means_something() -> None:
    commands = r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|textquotedbl"
    commands += r"|textquotesingle|textasciigrave)\{\}|\\[&%$#_{}]"
    assert not set(re.sub(commands, "", escaped(HOSTILE))) & set("\\{}$%#_~&<>\"'`|^")


def test_a_table() -> None:
    given = Table("t", "Scores of\n100 %", ["", "a_b"], [["x", "[1, 2]"], ["*", "3 ± 4"]], ["A note."])
    assert latex(given, "1 of 2 runs done").splitlines() == [
        "% Scores of␊100 %",
        "% A note.",
        "% 1 of 2 runs done",
        r"\begin{tabular}{lr}",
        r"  \toprule",
        r"   & a\_b \\",
        r"  \midrule",
        r"  x & {}[1, 2] \\",
        r"  {}* & 3 $\pm$ 4 \\",
        r"  \bottomrule",
        r"\end{tabular}",
    ]
