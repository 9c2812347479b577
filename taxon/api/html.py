"""Pieces of HTML for notebooks; colours that can be read on light and on dark paper."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

MUTED = "opacity: 0.65"
REMOVED = "background: rgba(213, 94, 0, 0.22)"
ADDED = "background: rgba(0, 158, 115, 0.22)"
_CELL = "text-align: left; vertical-align: top; padding: 0.15em 0.9em 0.15em 0"


def escaped(text: str) -> str:
    """A text that shows as it is, and is read as no formula."""
    return html.escape(text).replace("$", "<span>$</span>")


def code(text: str, style: str = "") -> str:
    """A text of the language."""
    said = f' style="{style}"' if style else ""
    return f"<code{said}>{escaped(text)}</code>"


def muted(text: str) -> str:
    """A text that stands behind the others."""
    return f'<span style="{MUTED}">{escaped(text)}</span>'


def title(name: str, rest: str = "") -> str:
    """What stands above a table."""
    return f"<p><strong>{escaped(name)}</strong>{f' {muted(rest)}' if rest else ''}</p>"


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """A table of cells that are HTML already."""
    top = f"<thead><tr>{''.join(_cell(escaped(each), 'th') for each in head)}</tr></thead>" if head else ""
    body = "".join(f"<tr>{''.join(_cell(each, 'td') for each in row)}</tr>" for row in rows)
    return f"<table>{top}<tbody>{body}</tbody></table>"


def folded(summary: str, content: str) -> str:
    """What is shown on a click."""
    return f"<details><summary>{escaped(summary)}</summary>{content}</details>"


def _cell(content: str, tag: str) -> str:
    return f'<{tag} style="{_CELL}">{content}</{tag}>'
