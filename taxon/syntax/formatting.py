"""The one style of a spec: where lines break, what is aligned, how names are spelt. Comments stay where they are.

Every choice depends on the outline alone, and the formatted text has the same outline: formatting twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from taxon.diagnostics.model import Diagnostic, Label
from taxon.diagnostics.source import Source, Span
from taxon.syntax import codes, literals
from taxon.syntax.columns import align, heads
from taxon.syntax.outline import Comment, Entry, Group, Piece, Word, outline
from taxon.syntax.parser import LARGEST

WIDTH = 120
_INDENT = "  "
_FURTHER = "    "  # where an entry goes on below a comment in its middle
_GREEK = {name: letter for letter, name in literals.ALIASES.items()}


def formatted(source: Source, unicode: bool = False) -> str | Diagnostic:
    """The text of a source in the one style, or why that would be no text that can be read again.

    Takes a source in which `parse` finds no error. Names are spelt in ASCII, or with Greek letters if `unicode`.
    """
    text = "".join(f"{line}\n" for line in _members(outline(source, _greek if unicode else _ascii), ""))
    size = len(text.encode("utf-8", "surrogatepass"))
    if size <= LARGEST:
        return text
    label = Label(Span(source, 0, 0), f"{size:,} bytes when formatted", primary=True)
    return Diagnostic(codes.TOO_LARGE, f"a spec has at most {LARGEST:,} bytes", (label,), help="split the file")


def _ascii(name: str) -> str:
    return literals.canonical_name(name) or name


def _greek(name: str) -> str:
    return "_".join(_GREEK.get(part, part) for part in _ascii(name).split("_"))


def _members(group: Group, indent: str) -> list[str]:
    """The lines of what a group holds."""
    comma = "" if group.braces or group.index else ","
    widths = heads(group, WIDTH - len(indent))
    blocks = [
        [indent + member.text] if isinstance(member, Comment) else _entry(member, indent, widths.get(at, 0), comma)
        for at, member in enumerate(group.members)
    ]
    align(group.members, blocks, WIDTH)
    lines: list[str] = []
    for member, block in zip(group.members, blocks, strict=True):
        lines += [""] * (member.blank and bool(lines)) + block
    return lines


def _entry(entry: Entry, indent: str, width: int, comma: str) -> list[str]:
    """The lines of an entry whose head, the text before its `=` or `{`, is made so wide; 0: as wide as it is."""
    start, words = indent, entry.words
    if width:
        start += flat(entry.head).ljust(width) + " "
        words = words[len(entry.head) :]
    broken = _broken(words, len(start), len(indent), len(comma))
    lines = [start]
    before: Piece | None = None
    for at, word in enumerate(words):
        if isinstance(before, Comment):
            lines.append(margin := indent + _FURTHER)
        ...
    return lines
