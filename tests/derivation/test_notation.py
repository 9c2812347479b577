"""Formulas as plain text: what they become, and what is refused."""

from __future__ import annotations

import pytest

from taxon.compiler.notation import fill, number
from taxon.derivation.notation import NotationError, plain


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\pi_q(a|s) = \frac{1}{Z(s)} \, \pi_p(a|s)", "pi_q(a|s) = 1/Z(s) pi_p(a|s)"),
        (r"\frac{a + b}{c}", "(a + b) / c"),
        (r"\frac{f(a + b)}{2 \, c}", "f(a + b) / (2 c)"),
        (r"-\mathbb{E}_{s, \, a \sim \pi_\theta}[G(s,a)]", "-E_{s, a~pi_theta}[G(s, a)]"),
        (r"\sum_{i=1}^{256} w_i \log \pi", "sum_{i=1}^256 w_i log pi"),
        (r"\sum_{j \in K} w_j", "sum_{j in K} w_j"),
        (r"0.99 (1 - d) \, V(s')", "0.99 (1 - d) V(s')"),
        (r"\mathrm{KL}(\pi_q \| \pi_p) \leq 10^{-6}", "KL(pi_q || pi_p) <= 10^-6"),
        (r"\pi(\cdot|s)", "pi(.|s)"),
        (r"2 \cdot 10^{-5}", "2 * 10^-5"),
        (r"\mathrm{clip}(a, -1, 1)", "clip(a, -1, 1)"),
        (r"\sqrt{\frac{2}{x^\top F \, x}} \, x", "sqrt(2 / (x^T F x)) x"),
        (r"Q_{\phi'_1}(s', a')", "Q_{phi'_1}(s', a')"),
        (r"\phi' \leftarrow \phi", "phi' <- phi"),
        (r"\left[ x \right]", "[x]"),
        (r"\mathbf{1}[i \in K]", "1[i in K]"),
        (r"\{ a \}", "{a}"),
        (r"-x + (-y)", "-x + (-y)"),
    ],
)
def test_plain_text(formula: str, text: str) -> None:
    assert plain(formula) == text


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\pi_\theta(a|s) \exp(G(s,a) / \eta)", "π_θ(a|s) exp(G(s, a) / η)"),
        (r"-\mathbb{E}_{s, \, a \sim \pi_\theta}[G(s,a)]", "-E_{s, a\N{TILDE OPERATOR}π_θ}[G(s, a)]"),
        (r"\sum_{i=1}^{256} w_i \log \pi", "∑_{i=1}^256 w_i log π"),
        (r"\mathrm{KL}(\pi_q \| \pi_p) \leq 10^{-6}", "KL(π_q ‖ π_p) ≤ 10⁻⁶"),
        (r"Q_{\phi'_1}(s', a')", "Q_φ\N{PRIME}₁(s\N{PRIME}, a\N{PRIME})"),
        (r"2 \cdot \pi(\cdot|s)^2", "2 · π(·|s)²"),
        (r"\sqrt{x^\top x} \in \Phi", "√(x^\N{DOWN TACK} x) ∈ Φ"),
        (r"\phi' \leftarrow \phi", "φ\N{PRIME} ← φ"),
    ],
)
def test_characters_of_unicode(formula: str, text: str) -> None:
    assert plain(formula, unicode=True) == text


@pytest.mark.parametrize(
    "formula", [r"\frac{1}", "{a", "a}", "x_", r"\unknown", r"\begin{x}", "π", "a $ b", "a & b", "a % b", "a # b", "~"]
)
def test_what_is_no_formula_of_ours_is_refused(formula: str) -> None:
    with pytest.raises(NotationError):
        plain(formula)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.99, "0.99"),
        (40, "40"),
        (1, "1"),
        (1.0, "1"),
        (3e-4, "0.0003"),
        (1e-6, "10^{-6}"),
        (5e-5, r"5 \cdot 10^{-5}"),
        (-1.5, "-1.5"),
        (1e12, "10^{12}"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_a_number_takes_its_place() -> None:
    assert fill(r"@kl \, \eta + {@kl}", kl="0.1") == r"0.1 \, \eta + {0.1}"
    with pytest.raises(KeyError):
        fill("@kl")
