"""HTML that is made of parts: whatever is no part already is text, and escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from taxon.diagnostics.visible import visible
from taxon.studies.report.tables import Table


class Html(str):
    """Markup; any other string is text."""

    __slots__ = ()


_VOID = {"meta", "br"}


def element(name: str, /, *inside: str, **attributes: str) -> Html:
    """`<name attributes>inside</name>`; an attribute's trailing underscore is none of its name."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{said}>")
    return Html(f"<{name}{said}>{joined(inside)}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Html:
    """Parts one behind the other."""
    return Html(between.join(part if isinstance(part, Html) else escape(visible(part)) for part in parts))


def paragraphs(text: str) -> Html:
    """A text of several paragraphs."""
    found = (" ".join(part.split()) for part in text.split("\n\n"))
    return joined(element("p", part) for part in found if part)


def listed(items: Iterable[str]) -> Html:
    """A list."""
    return element("ul", *(element("li", item) for item in items))


def table(given: Table, kind: str = "numbers") -> Html:
    """A table that can be scrolled where it is wider than the page; kind: `numbers` or `texts`."""
    head = element("tr", *(element("th", name, scope="col") for name in given.head))
    rows = (
        element("tr", element("th", row[0], scope="row"), *(element("td", text) for text in row[1:]))
        for row in given.rows
    )
    caption = element("caption", given.caption)
    whole = element("table", caption, element("thead", head), element("tbody", *rows), class_=kind)
    notes = (element("p", note, class_="note") for note in given.notes)
    return joined([element("div", whole, class_="scroll", tabindex="0"), *notes])
