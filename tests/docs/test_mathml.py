"""Formulas of the site: brackets are as high as what they hold, and a divergence's bar is not."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

pytest.importorskip("sphinx")

from extensions.mathml import written


def shape(formula: str) -> str:
    """The elements of a formula: rows in braces, stretching brackets doubled."""

    def shown(element: ElementTree.Element) -> str:
        text = element.text or ""
        if element.tag == "mo" and text in "()[]":
            text = text if element.get("stretchy") == "false" else 2 * text
        inner = "".join(map(shown, element))
        return f"{{{inner}}}" if element.tag == "mrow" else f"{element.tag[1:]}<{inner}>" if inner else text

    return "".join(map(shown, ElementTree.fromstring(written(formula, as_block=False))))


@pytest.mark.parametrize(
    ("formula", "elements"),
    [
        (r"f(x)", "f(x)"),
        (r"f(\frac{a}{b})", "f{((frac<ab>))}"),
        (r"(\frac{a}{b})^2 + (c)", "sup<{((frac<ab>))}2>+(c)"),
        (r"g(f(\frac{a}{b}), c)", "g{((f{((frac<ab>))},c))}"),
        (r"[a, \frac{a}{b}", "[a,frac<ab>"),
        (r"\left(\frac{a}{b}\right) c", "{((frac<ab>))}c"),
    ],
)
def test_brackets_with_something_tall_are_a_row(formula: str, elements: str) -> None:
    assert shape(formula) == elements


def test_the_bar_of_a_divergence_stays_as_high_as_its_line() -> None:
    root = ElementTree.fromstring(written(r"\mathrm{KL}(p \| q)", as_block=True))
    (bar,) = [element for element in root.iter("mo") if element.text == "\u2016"]
    assert bar.get("stretchy") == "false"


def test_an_abbreviation_is_a_word() -> None:
    root = ElementTree.fromstring(written(r"x \quad \mathrm{s.t.} \quad y", as_block=True))
    assert [element.text for element in root.iter("mtext")] == ["s.t."]
