"""What was found of one thing that a run may need, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from textwrap import wrap

from taxon.cli.screen.terminal import BOLD, DIM, GREEN, RED, Screen
from taxon.diagnostics.visible import visible

_WIDEST, _NARROWEST = 100, 30  # columns, the latter of the text alone


class State(Enum):
    """How something stands."""

    FINE = "ok"
    NOTE = "note"
    """Something is slower, or a part of taxon cannot be used, and `taxon run` trains all the same."""
    WRONG = "wrong"
    """`taxon run` needs it."""


_STYLES = {State.FINE: GREEN, State.NOTE: BOLD, State.WRONG: f"{BOLD};{RED}"}


@dataclass(frozen=True)
class Finding:
    """What is there of one thing; next: what to do, where there is something to do."""

    name: str
    state: State
    found: str
    next: str = ""

    def data(self) -> dict[str, str]:
        """For JSON."""
        return {"name": self.name, "state": self.state.value, "found": self.found, "next": self.next}


def lines(findings: Iterable[Finding], screen: Screen) -> Iterator[str]:
    """Findings below each other, in columns, each with what to do next below it."""
    shown = list(findings)
    marks, names = max(len(each.value) for each in State), max(len(each.name) for each in shown)
    indent = " " * (marks + names + 4)
    width = max(screen.at_most(_WIDEST) - len(indent), _NARROWEST)
    for each in shown:
        text = wrap(visible(each.found), width, break_on_hyphens=False) or [""]
        yield f"{screen.paint(f'{each.state.value:{marks}}', _STYLES[each.state])}  {each.name:{names}}  {text[0]}"
        yield from (indent + line for line in text[1:])
        for number, line in enumerate(wrap(visible(each.next), width - 3, break_on_hyphens=False)):
            yield indent + screen.paint(f"{'   ' if number else '-> '}{line}", DIM)
