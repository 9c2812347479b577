"""What a path or a choice is, in words: what it takes, equations, parameters, sources and operators."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.cli.screen.columns import folded, wrapped
from taxon.cli.screen.terminal import BOLD, CYAN, DIM, Screen
from taxon.semantics.values import takes
from taxon.taxonomy.schema import Choice, Slot

WIDTH = 100
_PLAIN = Screen()


def describe(path: str, slot: Slot, screen: Screen) -> Iterator[str]:
    """The lines about a path: what it is, what it takes, and each of its choices."""
    default = "" if slot.default is None else f"; {slot.default} by default"
    yield from _titled(path, slot.doc, "", screen)
    if taken := takes(slot):  # nothing where a study names something of its own
        yield from paragraph(f"takes {taken}{default}", "", screen)
    for choice in slot.choices:
        yield ""
        yield from describe_choice(choice, screen)


def describe_choice(choice: Choice, screen: Screen) -> Iterator[str]:
    """The lines about a choice: its equation, its parameters with what they take, its source and its operator."""
    yield from _titled(f"{'+ ' if choice.modifier else ''}{choice.key}", choice.doc, "  ", screen)
    if choice.equation:
        lines = folded(choice.equation, screen, "    ", "        ")
        yield from (screen.paint(line, CYAN) for line in lines)
    for parameter in choice.parameters:
        default = "" if parameter.default is None else f" = {parameter.default}"
        taken = f"; {takes(parameter)}" if takes(parameter) else ""
        yield from paragraph(f"{parameter.name}{default}: {parameter.doc}{taken}", "    ", screen)
    if choice.source:
        yield from (screen.paint(line, DIM) for line in paragraph(f"Source: {choice.source}", "    ", screen))
    if choice.operator:
        yield from (screen.paint(line, DIM) for line in paragraph(f"Operator: {choice.operator}", "    ", screen))
    if choice.package:
        yield from (screen.paint(line, DIM) for line in paragraph(f"Package: {choice.package}", "    ", screen))


def _titled(title: str, text: str, indent: str, screen: Screen) -> list[str]:
    """A paragraph that begins with what it is about."""
    lines = paragraph(f"{title}: {text}", indent, screen)
    return [lines[0].replace(title, screen.paint(title, BOLD), 1), *lines[1:]]


def paragraph(text: str, indent: str, screen: Screen = _PLAIN) -> list[str]:
    """A text broken into lines, those after the first further in."""
    return wrapped(text, screen.at_most(WIDTH), indent, f"{indent}    ")
