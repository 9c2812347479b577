"""Findings on rows that inherit from each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from taxon.diagnostics.model import Code, Diagnostic


def once(found: Sequence[Diagnostic], codes: Collection[Code]) -> list[Diagnostic]:
    """Each finding once. Of two of these codes with one message, an heir's is left out where it only repeats what is
    said of its parent: the place that the parent's blames is among its own, whichever of them it blames itself.
    """
    kept: list[Diagnostic] = []
    alike: dict[tuple[Code, str], list[Diagnostic]] = {}
    for each in dict.fromkeys(found):
        if each.code in codes:
            alike.setdefault((each.code, each.message), []).append(each)
    for each in dict.fromkeys(found):
        others = alike.get((each.code, each.message), [])
        if not any(_repeats(each, other) and (other in kept or not _repeats(other, each)) for other in others):
            kept.append(each)
    return kept


def _repeats(heir: Diagnostic, parent: Diagnostic) -> bool:
    return heir is not parent and parent.primary in [label.span for label in heir.labels]
