"""What stands in one column: the `=` of a body, the blocks and the comments of adjacent lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from taxon.syntax.breaking import WIDTH, broken, flat
from taxon.syntax.outline import Comment, Entry, Group, Word

SHORT = 12  # a path up to this long shares the column of its body


def head_widths(body: Group, indent: int) -> dict[int, int]:
    """How wide the heads of a body's entries are made, by index.

    All paths up to SHORT share a column for `=`. Longer paths, and the heads of blocks on one line, share one where they
    stand on adjacent lines and are alike: of one first name and of as many names.
    """
    short: list[tuple[int, int]] = []
    runs = [short]
    last: object = None
    for at, member in enumerate(body.members):
        kin = _kin(member, indent) if isinstance(member, Entry) else None
        if kin is None or not isinstance(member, Entry):
            last = None
            continue
        width = len(flat(member.words[: member.head]))
        if width <= SHORT and not kin[0]:
            short.append((at, width))
            last = None
            continue
        if kin != last or member.blank:
            runs.append([])
        runs[-1].append((at, width))
        last = kin
    widths: dict[int, int] = {}
    for run in runs:
        common = max((width for _, width in run), default=0)
        widths |= {at: common for at, _ in run}
    return widths
