"""Pieces of Markdown that read alike on a code host and in the site."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

WRITTEN = "<!-- Written by docs/generate.py from the code; change it there. -->"

_SPANS = re.compile(r"(`[^`]*`)")
_MARKS = re.compile(r"([\\*<$~]|(?<![^\W_])_|_(?![^\W_])|(?<=\])\(|\]\()")


def page(title: str, introduction: str, parts: Iterable[str]) -> str:
    """A whole page: its title, what it is, and its parts."""
    return "\n\n".join([f"# {title}", WRITTEN, introduction, *(part for part in parts if part)]) + "\n"


def prose(text: str) -> str:
    """A sentence of the code's own as Markdown: what would be mark-up outside backticks is not."""
    pieces = _SPANS.split(" ".join(text.split()))
    return "".join(piece if odd % 2 else _MARKS.sub(_escaped, piece) for odd, piece in enumerate(pieces))


def sentence(text: str) -> str:
    """Prose with a capital, unless it begins with a symbol: p(O = 1), pi_q."""
    words = prose(text)
    return words[0].upper() + words[1:] if re.match(r"[a-z]+ ", words) else words


def _escaped(mark: re.Match[str]) -> str:
    return "".join(f"\\{character}" for character in mark[0])


def code(text: str) -> str:
    """Text between backticks."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def names(texts: Iterable[str]) -> str:
    """Several between backticks, with commas."""
    return ", ".join(code(text) for text in texts)


def block(text: str, language: str = "") -> str:
    """A block of code, fenced by more backticks than it has."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing where there are no rows."""
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines]) if lines else ""


def anchor(heading: str) -> str:
    """The anchor that code hosts and the site give a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def link(text: str, to: str) -> str:
    """A link whose text is a name of the language."""
    return f"[{code(text)}]({to})"


def contents(names: Iterable[str]) -> str:
    """The pages below one, for the site's side bar."""
    return block("\n".join([":hidden:", "", *names]), "{toctree}")
