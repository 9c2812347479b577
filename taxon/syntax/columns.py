"""What stands in one column: the `=` of a body, the blocks and the comments of adjacent lines."""

from __future__ import annotations

from collections.abc import Sequence

from taxon.syntax.breaking import WIDTH, broken, flat
from taxon.syntax.outline import Comment, Entry, Group, Word

SHORT = 12  # a path up to this long shares the column of its body
_Kin = tuple[str, str, int]
_ANY_SHORT: _Kin = ("=", "", 0)


def head_widths(body: Group, indent: int) -> dict[int, int]:
    """How wide the heads of a body's entries are made, by index.

    All paths up to SHORT share a column for `=`. Longer paths, claims, strings, and the heads of blocks on one line,
    share one where they stand on adjacent lines and are alike: of one first name and of as many names.
    """
    short: list[int] = []
    runs: list[list[int]] = [short]
    last: _Kin | None = None
    for at, member in enumerate(body.members):
        kin = None if isinstance(member, Comment) else _kin(member, indent)
        if kin == _ANY_SHORT:
            short.append(at)
        elif kin is not None and kin == last and not member.blank:
            runs[-1].append(at)
        elif kin is not None:
            runs.append([at])
        last = kin
    widths: dict[int, int] = {}
    for run in runs:
        entries = [member for at in run if isinstance(member := body.members[at], Entry)]
        width = max((_width(entry) for entry in entries), default=0)
        if all(_assigns(entry) or indent + _rest(entry) + width <= WIDTH for entry in entries):
            widths |= dict.fromkeys(run, width)
    return widths


def _kin(entry: Entry, indent: int) -> _Kin | None:
    """What an entry has in common with those whose heads are made as wide as its own; None if it has no such head."""
    if not entry.head:
        return None
    if not _assigns(entry) and (entry.divided or broken(entry.words, indent, indent, 0)):
        return None
    head = [word for word in entry.words[: entry.head] if isinstance(word, Word)]
    first = head[0]
    if _assigns(entry) and first.kind != "CLAIM" and _width(entry) <= SHORT:
        return _ANY_SHORT
    alike = "" if first.kind == "STRING" else first.text
    return ("=" if _assigns(entry) else "{", alike, sum(word.kind == "DOT" for word in head))


def _assigns(entry: Entry) -> bool:
    return isinstance(entry.words[entry.head], Word)


def _width(entry: Entry) -> int:
    return len(flat(entry.words[: entry.head]))


def _rest(entry: Entry) -> int:
    return 1 + len(flat(entry.words[entry.head :]))


def append_trailing(members: Sequence[Entry | Comment], blocks: Sequence[list[str]]) -> None:
    """Put the comments beside entries at the ends of their lines, in one column on adjacent lines."""
    run: list[int] = []
    for at, member in enumerate(members):
        if isinstance(member, Comment) or member.trailing is None:
            _beside(run, members, blocks)
            run = []
            continue
        if member.blank or len(blocks[at]) > 1:
            _beside(run, members, blocks)
            run = []
        run.append(at)
    _beside(run, members, blocks)


def _beside(run: list[int], members: Sequence[Entry | Comment], blocks: Sequence[list[str]]) -> None:
    comments = {at: member.trailing.text for at in run if isinstance(member := members[at], Entry) and member.trailing}
    column = max((len(blocks[at][-1]) for at in comments), default=0)
    fits = all(column + 1 + len(text) <= WIDTH for text in comments.values())
    for at, text in comments.items():
        blocks[at][-1] = f"{blocks[at][-1].ljust(column if fits else 0)} {text}"
