"""Formulas as MathML, which browsers show by themselves: a formula that docutils cannot translate fails the build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math import latex2mathml

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    _write(translator, node, as_block=False)


def display(translator: HTML5Translator, node: nodes.math_block) -> None:
    _write(translator, node, as_block=True)


def _write(translator: HTML5Translator, node: nodes.Element, as_block: bool) -> None:
    translator.body.append(latex2mathml.tex2mathml(node.astext(), as_block=as_block))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name that conf.py chooses."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
