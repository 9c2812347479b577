"""taxon explain: what a code means, why it is one, and examples; or what a path takes, and where that comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Annotated

import typer

from taxon.cli.codes import CODES
from taxon.cli.frontend import write
from taxon.data import corpus_dir
from taxon.diagnostics import pages
from taxon.diagnostics.suggest import did_you_mean
from taxon.diagnostics.visible import visible
from taxon.semantics.values import takes
from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.schema import Choice, Slot


def explain(
    subject: Annotated[str, typer.Argument(help="A code such as TX312, or a path such as eta.")],
) -> None:
    """Explain a code with examples, or a path: its values with their equations and sources."""
    found = CODES.get(subject.upper())
    if found is not None:
        write(pages.render(pages.page(found, corpus_dir())))
        return
    vocabulary = Vocabulary(SCHEMA)
    # What a shared path fans out to takes the same values everywhere.
    slots = [slot for place in vocabulary.places(subject)[:1] for slot in place.slots]
    if slots:
        write("\n\n".join("\n".join(_slot(subject, slot)) for slot in slots))
        return
    if subject and (names := vocabulary.children(subject)):
        write("\n".join(f"{subject}.{name}" for name in names))
        return
    hint = did_you_mean(subject.upper(), CODES) or did_you_mean(subject, vocabulary.paths)
    hint = hint or f"codes run from {min(CODES)} to {max(CODES)}, paths stand in `taxon show SPEC --origin`"
    write(f"error: there is no code and no path {visible(subject)}\n help: {hint}", error_stream=True)
    raise typer.Exit(2)


def _slot(path: str, slot: Slot) -> Iterator[str]:
    default = "" if slot.default is None else f"; {slot.default} by default"
    yield from _paragraph(f"{path}: {slot.doc}", "")
    yield from _paragraph(f"takes {takes(slot)}{default}", "")
    for choice in slot.choices:
        yield ""
        yield from _choice(choice)


def _choice(choice: Choice) -> Iterator[str]:
    yield from _paragraph(f"{'+ ' if choice.modifier else ''}{choice.key}: {choice.doc}", "  ")
    if choice.equation:
        yield f"    {choice.equation}"
    for parameter in choice.parameters:
        default = "" if parameter.default is None else f" = {parameter.default}"
        yield from _paragraph(f"{parameter.name}{default}: {parameter.doc}", "    ")
    if choice.source:
        yield from _paragraph(f"Source: {choice.source}", "    ")


def _paragraph(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent=indent, subsequent_indent=f"{indent}    ")
