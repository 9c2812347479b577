"""The one style of a spec: where lines break, what is aligned, how names are spelt. Comments stay where they are.

Every choice depends on the outline alone, and the formatted text has that outline again: formatting twice changes
nothing.
"""

from __future__ import annotations

from taxon.diagnostics.model import Diagnostic, Label
from taxon.diagnostics.source import Source, Span
from taxon.syntax import codes, literals
from taxon.syntax.breaking import FURTHER, broken, flat, gap
from taxon.syntax.columns import append_trailing, head_widths
from taxon.syntax.outline import Comment, Entry, Group, Piece, outline
from taxon.syntax.parser import LARGEST

_INDENT = "  "
_GREEK = {name: letter for letter, name in literals.ALIASES.items()}


def formatted(source: Source, unicode: bool = False) -> str | Diagnostic:
    """The text of a source in the one style, or why it would be too large to be read again.

    Takes a source in which `parse` finds no error. Names are spelt in ASCII, or with Greek letters if `unicode`.
    """
    lines = _members(outline(source, _greek if unicode else _ascii), "")
    text = "".join(f"{line}\n" for line in lines)
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
    widths = head_widths(group, len(indent)) if group.braces else {}
    blocks = [
        [indent + member.text] if isinstance(member, Comment) else _entry(member, indent, widths.get(at), comma)
        for at, member in enumerate(group.members)
    ]
    append_trailing(group.members, blocks)
    lines: list[str] = []
    for member, block in zip(group.members, blocks, strict=True):
        if member.blank and lines:
            lines.append("")
        lines += block
    return lines


def _entry(entry: Entry, indent: str, width: int | None, comma: str) -> list[str]:
    """The lines of an entry, the text before its `=` or `{` filled up to a width if there is one."""
    head = 0 if width is None else entry.head
    start = indent if width is None else f"{indent}{flat(entry.words[:head]).ljust(width)} "
    words = entry.words[head:]
    opened = broken(words, len(start), len(indent), len(comma))
    lines, margin = [start], indent
    before: Piece | None = None
    for at, word in enumerate(words):
        if isinstance(before, Comment):
            margin = indent + FURTHER
            lines.append(margin)
        else:
            lines[-1] += gap(before, word)
        if isinstance(word, Group) and at in opened:
            outer = indent if word.braces else margin
            lines[-1] += word.opening + (f" {word.remark.text}" if word.remark else "")
            lines += [*_members(word, outer + _INDENT), outer + word.closing]
        else:
            lines[-1] += flat([word])
        before = word
    lines[-1] += comma
    return lines
