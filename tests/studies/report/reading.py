"""A page as a program reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br"}


@dataclass
class Page(HTMLParser):
    """What a page holds; it must be well-formed."""

    text: str = ""
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    figures: list[str] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    repeated: set[str] = field(default_factory=set)
    scripts: int = 0
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.caption = ""

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._note(tag, dict(attributes))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._note(tag, dict(attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.rows, self.caption = [], ""
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())
        if tag == "table":
            self.tables[self.caption] = self.rows
        if tag in ("p", "li", "h1", "h2", "h3", "title", "pre"):
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        if "style" in self.open or "svg" in self.open:
            return
        self.text += data
        if "caption" in self.open:
            self.caption += data
        elif self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    def _note(self, tag: str, attributes: dict[str, str | None]) -> None:
        self.tags.add(tag)
        self.scripts += tag == "script" or any(name.startswith("on") for name in attributes)
        if tag == "svg":
            self.figures.append(attributes.get("aria-label") or "")
        for name in ("src", "href", "xlink:href", "action", "data", "srcset", "poster"):
            if attributes.get(name) is not None:
                self.addresses.add(attributes[name] or "")
        self.references |= set(re.findall(r"#([\w-]+)\)", attributes.get("clip-path") or ""))
        self.references |= {value[1:] for value in (attributes.get("href"),) if value}
        if name := attributes.get("id"):
            if name in self.names:
                self.repeated.add(name)
            self.names.add(name)


def parsed(text: str) -> Page:
    """A page that was read."""
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page
