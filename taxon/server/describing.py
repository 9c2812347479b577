"""Slots, choices, equations, codes and origins in Markdown, as `explain`, `derive` and `show --origin` print them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from taxon.compiler.block import Section
from taxon.derivation.notation import plain
from taxon.derivation.rendering import prose
from taxon.diagnostics.model import Code
from taxon.semantics import leaf_text
from taxon.semantics.values import takes
from taxon.server.mathematics import Mathematics
from taxon.taxonomy.schema import Choice, Leaf, Origin, Slot


def slot_text(path: str, slot: Slot) -> str:
    """What a path, or a parameter, means and takes."""
    default = "" if slot.default is None else f"; `{slot.default}` by default"
    taken = takes(slot)  # nothing where a study names something of its own
    return f"**`{path}`**: {slot.doc}" + (f"\n\ntakes {taken}{default}" if taken else "")


def choice_text(choice: Choice, mathematics: Mathematics = Mathematics.CHARACTERS) -> str:
    """What a choice means: its equation, its parameters, and where it comes from."""
    return "\n\n".join(_choice(choice, mathematics))


def _choice(choice: Choice, mathematics: Mathematics) -> Iterator[str]:
    yield f"**`{'+ ' if choice.modifier else ''}{choice.key}`**: {choice.doc}"
    if choice.equation:
        yield mathematics.equation(choice.equation)
    for slot in choice.parameters:
        default = "" if slot.default is None else f" = {slot.default}"
        yield f"- `{slot.name}{default}`: {slot.doc}"
    if choice.source:
        yield f"Source: {choice.source}"
    if choice.package:
        yield f"Package: {choice.package}"


def section_text(section: Section, mathematics: Mathematics) -> str:
    """A step of a derivation: its title, what it says, its equations, and its source."""
    said = prose(section.text, lambda formula: code(plain(formula, unicode=True)), str)
    source = [f"Source: {section.source}"] if section.source else []
    return "\n\n".join([f"**{section.title}**: {said}", *map(mathematics.formula, section.lines), *source])


def code_text(code: Code) -> str:
    """What a code means, and why it is one."""
    source = [f"Source: {code.source}"] if code.source else []
    return "\n\n".join([f"**`{code.id}`**: {code.title}", code.why, *source])


def code(line: str) -> str:
    """A line as code: the backticks in it, which would end that, as apostrophes."""
    inside = line.replace("`", "'")
    return f"`{inside}`"


def quoted(text: str) -> str:
    """A text of the spec's author as it is: it may be a stranger's, and Markdown has links and pictures."""
    runs = re.findall("`+", text)
    fence = "`" * max(3, 1 + max(map(len, runs), default=0))
    return f"{fence}text\n{text}\n{fence}"


def leaf_line(leaf: Leaf, name: str) -> str:
    """The resolved value at a path of an algorithm, and what set it."""
    return f"in `{name}`: `{leaf.path} = {leaf_text(leaf.value)}` ({_origin(leaf.origin)})"


def _origin(origin: Origin) -> str:
    if origin.layer == "default":
        return "the default"
    words = f"{origin.layer} {code(origin.name)}" if origin.layer != "spec" else "set here"
    if origin.span is None:
        return words
    line, _ = origin.span.source.position(origin.span.start)
    return f"{words}, line {line}" if origin.layer == "spec" else f"{words}, {_short(origin)}:{line}"


def _short(origin: Origin) -> str:
    return "" if origin.span is None else origin.span.source.name.rpartition("/")[2]
