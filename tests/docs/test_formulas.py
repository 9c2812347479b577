"""The equations of the choices as LaTeX: every one is read whole, and browsers and code hosts can show it."""

from __future__ import annotations

import html
import re
import unicodedata

import pytest
from docutils.utils.math import latex2mathml

from taxon.derivation.formulas import FormulaError, latex, statements
from taxon.semantics.studies.vocabulary import CLAIMS, STUDY
from taxon.semantics.tuning.vocabulary import SEARCH, TUNE
from taxon.taxonomy.catalogue import places

SLOTS = [*(slot for _, slot in places()), *STUDY.values(), CLAIMS, *TUNE.values(), SEARCH]
EQUATIONS = sorted({choice.equation for slot in SLOTS for choice in slot.choices if choice.equation})


@pytest.mark.parametrize("equation", EQUATIONS)
def test_every_equation_is_read_whole(equation: str) -> None:
    """The letters and digits of the equation are those of the formula's elements, in their order."""
    shown = ""
    for statement in statements(equation):
        shown += "".join(
            re.findall(r">([^<]*)<", html.unescape(latex2mathml.tex2mathml(latex(statement), as_block=True)))
        )
    assert _letters(shown) == _letters(equation)


_SPELT = {"∑": "sum", **{chr(code): unicodedata.name(chr(code)).split()[-1].lower() for code in range(0x3B1, 0x3CA)}}
_SPELT |= {"Φ": "Phi", "Σ": "Sigma", "λ": "lambda"}


def _letters(text: str) -> str:
    """Letters and digits alone; sub- and superscripts may stand in the other order."""
    spelt = "".join(_SPELT.get(character, character) for character in unicodedata.normalize("NFKC", text))
    return "".join(re.findall(r"[A-Za-z0-9]", spelt))


@pytest.mark.parametrize(
    ("equation", "formulas"),
    [
        ("w(s,a) = f(G(s,a)) / Z, f(G) = exp(G/eta)", [r"w (s, a) = f (G (s, a)) / Z", r"f (G) = \exp (G / \eta)"]),
        ("pi_p^(k) = pi_q^(k-1)", [r"\pi_{p}^{(k)} = \pi_{q}^{(k - 1)}"]),
        ("c_t+1 V(s_t+l+1)", [r"c_{t + 1} \, V (s_{t + l + 1})"]),
        ("a ~ N(mu, Sigma)", [r"a \sim \mathcal{N} (\mu, \Sigma)"]),
        (
            "E[A] subject to KL_i <= kl_i",
            [r"\mathbb{E} [A] \, \;\text{subject to}\; \mathrm{KL}_{i} \leq \mathrm{kl}_{i}"],
        ),
        ("one: x = 1; other: y <- 2 x", [r"\text{one:}\quad x = 1", r"\text{other:}\quad y \leftarrow 2 \, x"]),
        ("clip(x, -clip, clip)", [r"\operatorname{clip} (x, - \mathrm{clip}, \mathrm{clip})"]),
    ],
)
def test_formulas(equation: str, formulas: list[str]) -> None:
    assert [latex(statement) for statement in statements(equation)] == formulas


def test_what_is_not_read_is_refused() -> None:
    with pytest.raises(FormulaError, match="%"):
        latex("a % b")
