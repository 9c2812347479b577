"""Formulas as MathML, which browsers show by themselves: a formula that docutils cannot translate fails the build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from docutils import nodes
from docutils.utils.math import latex2mathml

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

_CLOSING = {")": "(", "]": "[", "}": "{"}
_NAMESPACE = re.compile(r' xmlns="[^"]*"')  # which HTML does without
_ABBREVIATION = re.compile(r"\\mathrm\{([A-Za-z.]+\.)\}")  # `s.t.`, which is no product


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    _write(translator, node, as_block=False)


def display(translator: HTML5Translator, node: nodes.math_block) -> None:
    _write(translator, node, as_block=True)


def _write(translator: HTML5Translator, node: nodes.Element, as_block: bool) -> None:
    translator.body.append(written(node.astext(), as_block))
    raise nodes.SkipNode


def written(formula: str, as_block: bool) -> str:
    """A formula in LaTeX as the element that shows it."""
    source = latex2mathml.tex2mathml(_ABBREVIATION.sub(r"\\text{\1}", formula), as_block=as_block)
    root = ElementTree.fromstring(_NAMESPACE.sub("", source).replace("&ApplyFunction;", "\u2061"))
    for element in list(root.iter()):
        _settle(element)
        _grow(element)
    return ElementTree.tostring(root, encoding="unicode")


def _settle(element: Element) -> None:
    """The bar of a divergence stays as high as its line; between `left` and `right` it is a fence of its own."""
    for place, child in enumerate(element):
        if child.text == "\u2016" and 0 < place < len(element) - 1:
            child.set("stretchy", "false")


def _grow(element: Element) -> None:
    """Put brackets with something tall between them into a row of their own, in which they are as high as it is."""
    opened: list[int] = []
    place = 0
    while place < len(element):
        fence = _fence(element[place])
        if fence in _CLOSING.values():
            opened.append(place)
        elif fence in _CLOSING and opened:
            start = opened.pop()
            if _fence(element[start]) == _CLOSING[fence] and any(map(_tall, element[start + 1 : place])):
                _row(element, start, place)
                place = start
        place += 1


def _fence(element: Element) -> str:
    """The bracket that an element is, a closing one with its exponent too; none where it grows already."""
    scripted = element.tag in ("msup", "msub", "msubsup") and element[0].text in _CLOSING
    bracket = element[0] if scripted else element
    return (bracket.text or "") if bracket.tag == "mo" and bracket.get("stretchy") == "false" else ""


def _tall(element: Element) -> bool:
    return any(each.tag in ("mfrac", "munder", "munderover", "mtable") for each in element.iter())


def _row(element: Element, start: int, end: int) -> None:
    """A row of the elements from a bracket to the one that closes it; what is raised after that is of the row."""
    last = element[end]
    row = Element("mrow")
    row.extend(element[start:end])
    row.append(last if last.tag == "mo" else last[0])
    for bracket in (row[0], row[-1]):
        bracket.attrib.pop("stretchy", None)
    element[start : end + 1] = [row if last.tag == "mo" else last]
    if last.tag != "mo":
        last[0] = row


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name that conf.py chooses."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
