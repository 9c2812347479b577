"""A figure inside the page: matplotlib's SVG without what belongs to a file of its own."""

from __future__ import annotations

import re

from taxon.figures.style import FAINT, INK, MUTED, PAPER
from taxon.studies.report.page.markup import Html, element

# The page's own colours, which change with light and dark.
_COLOURS = {INK: "var(--ink)", PAPER: "var(--paper)", MUTED: "var(--muted)", FAINT: "var(--faint)"}


def picture(name: str, svg: bytes, about: str) -> Html:
    """A figure with its caption. Its names are made the page's only ones of that kind."""
    text = svg.decode()
    inner = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
    inner = re.sub(r"<metadata>.*?</metadata>", "", inner, count=1, flags=re.DOTALL)
    view = re.search(r'viewBox="([0-9. ]+)"', text)
    assert view is not None  # matplotlib writes one
    inner = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', inner)
    inner = re.sub(r'\bxlink:href="#([^"]+)"', rf'href="#{name}-\1"', inner)
    inner = re.sub(r"\burl\(#([^)]+)\)", rf"url(#{name}-\1)", inner)
    for colour, variable in _COLOURS.items():
        inner = inner.replace(colour, variable)
    width = float(view[1].split()[2]) / 0.75  # a point is 4/3 of a pixel
    drawn = element(
        "svg",
        Html(inner),
        viewBox=view[1],
        width=f"{width:.0f}",
        role="img",
        aria_label=about,
    )
    return element("figure", drawn, element("figcaption", about))
