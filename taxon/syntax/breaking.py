"""How words look on one line, and where a line of them is broken."""

from __future__ import annotations

from collections.abc import Sequence

from taxon.syntax.outline import Comment, Entry, Group, Piece, Word

WIDTH = 120
FURTHER = "    "  # how much deeper an entry goes on below a comment in its middle


def flat(words: Sequence[Piece]) -> str:
    """Words on one line. None of them, and nothing in them, is a comment."""
    parts: list[str] = []
    before: Piece | None = None
    for word in words:
        parts += (gap(before, word), word.text if not isinstance(word, Group) else _group(word))
        before = word
    return "".join(parts)


def _group(group: Group) -> str:
    inside = ", ".join(flat(member.words) for member in group.members if isinstance(member, Entry))
    room = " " if group.braces and inside else ""
    return f"{group.opening}{room}{inside}{room}{group.closing}"


def gap(before: Piece | None, word: Piece) -> str:
    """What stands between two words."""
    if before is None or (isinstance(before, Word) and before.kind == "DOT"):
        return ""
    if isinstance(word, Group):
        return "" if word.called and not word.braces else " "
    return "" if isinstance(word, Word) and word.kind in ("DOT", "COMMA") else " "


def broken(words: Sequence[Piece], start: int, indent: int, comma: int) -> set[int]:
    """Which of the words are groups to be written on several lines: one member a line.

    `start` is the column where the words begin, `indent` that of the lines after the first, `comma` the width of what
    follows the last. Braces and brackets with a comment in them are broken, and braces that were. A line that is still
    too long is broken at its braces, then at the last bracket that suffices, then at all of them.
    """
    groups = [(at, word) for at, word in enumerate(words) if isinstance(word, Group) and (word.members or word.remark)]
    braces = {at for at, group in groups if group.braces}
    spread = {at for at, group in groups if group.braces and group.spread}
    brackets = [at for at, group in groups if not group.braces and (group.commented or not group.index)]
    if any(group.commented for _, group in groups if not group.braces):
        return spread | set(brackets)
    for opened in (spread, braces):
        columns = _columns(words, start, indent, opened)
        if columns[-1][1] + comma <= WIDTH:
            return opened
    for at in reversed(brackets):
        first, after = columns[at]
        if first < WIDTH and indent + 1 + columns[-1][1] - after + comma <= WIDTH:
            return braces | {at}
    return braces | set(brackets)


def _columns(words: Sequence[Piece], start: int, indent: int, opened: set[int]) -> list[tuple[int, int]]:
    """Where each word begins and ends on its line, if of those that are opened only the opening counts."""
    columns: list[tuple[int, int]] = []
    before: Piece | None = None
    end = start
    for at, word in enumerate(words):
        begin = indent + len(FURTHER) if isinstance(before, Comment) else end + len(gap(before, word))
        end = begin if isinstance(word, Comment) else begin + (1 if at in opened else len(flat([word])))
        columns.append((begin, end))
        before = word
    return columns
