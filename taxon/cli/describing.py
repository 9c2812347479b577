"""What a path or a choice is, in words: what it takes, equations, parameters, sources and operators."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from taxon.semantics.values import takes
from taxon.taxonomy.schema import Choice, Slot


def describe(path: str, slot: Slot) -> Iterator[str]:
    """The lines about a path: what it is, what it takes, and each of its choices."""
    default = "" if slot.default is None else f"; {slot.default} by default"
    yield from paragraph(f"{path}: {slot.doc}", "")
    yield from paragraph(f"takes {takes(slot)}{default}", "")
    for choice in slot.choices:
        yield ""
        yield from describe_choice(choice)


def describe_choice(choice: Choice) -> Iterator[str]:
    """The lines about a choice: its equation, its parameters with what they take, its source and its operator."""
    yield from paragraph(f"{'+ ' if choice.modifier else ''}{choice.key}: {choice.doc}", "  ")
    if choice.equation:
        yield f"    {choice.equation}"
    for parameter in choice.parameters:
        default = "" if parameter.default is None else f" = {parameter.default}"
        yield from paragraph(f"{parameter.name}{default}: {parameter.doc}; {takes(parameter)}", "    ")
    if choice.source:
        yield from paragraph(f"Source: {choice.source}", "    ")
    if choice.operator:
        yield from paragraph(f"Operator: {choice.operator}", "    ")


def paragraph(text: str, indent: str) -> list[str]:
    """A text broken into lines, those after the first further in."""
    return textwrap.wrap(text, 100, initial_indent=indent, subsequent_indent=f"{indent}    ")
