"""taxon explain: what a code means, why it is one, and examples; or what a path takes, and where that comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.commands.examples import findings
from taxon.cli.screen.columns import folded, wrapped
from taxon.cli.screen.describing import describe
from taxon.cli.screen.highlighting import highlighted
from taxon.cli.screen.paging import show
from taxon.cli.screen.terminal import BOLD, DIM, GREEN, RED, Screen, screen
from taxon.cli.screen.writing import write
from taxon.cli.specs.codes import CODES
from taxon.data import corpus_dir
from taxon.diagnostics import full, pages
from taxon.diagnostics.pages import Example, Page
from taxon.diagnostics.suggest import did_you_mean
from taxon.diagnostics.visible import visible
from taxon.semantics import elsewhere
from taxon.semantics.studies.vocabulary import WORDS as OF_STUDIES
from taxon.semantics.tuning.vocabulary import WORDS as OF_TUNES
from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import SCHEMA

_INDENT = "    "
_REPORT = 120  # columns of what a command prints about an example
_MOST = 40  # lines of it


def explain(
    subject: Annotated[
        str,
        typer.Argument(
            help="A code such as TX312, a path such as eta, or a word of studies and tunes such as claim.",
            autocompletion=completing.explained,
        ),
    ],
) -> None:
    """Explain a code with examples, a path, or a word of studies and tunes: values with their equations and sources."""
    found = CODES.get(subject.upper()) or CODES.get(subject)
    if found is not None:
        show("\n\n".join(_page(pages.page(found, corpus_dir()), screen())))
        return
    vocabulary = Vocabulary(SCHEMA)
    # What a shared path fans out to takes the same values everywhere.
    slots = [slot for place in vocabulary.places(subject)[:1] for slot in place.slots]
    words = {id(words[subject]): words[subject] for words in (OF_STUDIES, OF_TUNES) if subject in words}
    slots += words.values()
    if slots:
        show("\n\n".join("\n".join(describe(subject, slot, screen())) for slot in slots))
        return
    if subject and (names := vocabulary.children(subject)):
        show("\n".join(f"{subject}.{name}" for name in names))
        return
    hint = (
        elsewhere.about(subject)
        or did_you_mean(subject.upper(), CODES)
        or did_you_mean(subject, CODES)
        or did_you_mean(subject, [*OF_STUDIES, *OF_TUNES, *vocabulary.paths])
    )
    own = [code for code in CODES if code.startswith("TX")]
    hint = hint or f"codes run from {own[0]} to {own[-1]}, paths stand in `taxon show SPEC --origin`"
    write(f"error: there is no code and no path {visible(subject)}\n help: {hint}", error_stream=True)
    raise typer.Exit(2)


def _page(page: Page, screen: Screen) -> Iterator[str]:
    """The paragraphs of a code's page; an example is the file, then the command with what it says."""
    code = page.code
    title = folded(f"{code.id} ({code.severity}): {code.title}", screen)
    yield "\n".join(screen.paint(line, BOLD) for line in title)
    yield "\n".join(wrapped(code.why, screen.at_most(pages.WIDTH)))
    if code.source:
        yield screen.paint("\n".join(wrapped(f"Source: {code.source}", screen.at_most(pages.WIDTH))), DIM)
    for bad, good in page.examples:
        yield screen.paint("Wrong:", f"{BOLD};{RED}")
        if bad.text:
            yield _indented(_text(bad, screen))
        yield _indented([screen.paint(f"$ {bad.command}", DIM), *report(bad, screen)])
        yield screen.paint("Right:", f"{BOLD};{GREEN}")
        if good.text:
            yield _indented(_text(good, screen))
        if not good.checked:
            yield _indented([screen.paint(f"$ {good.command}", DIM)])


def report(example: Example, screen: Screen) -> list[str]:
    """The lines that the command of an example prints, or the first of them."""
    columns = screen.at_most(_REPORT) - len(_INDENT)
    lines = full.render(findings(example), screen.colour, columns).splitlines()
    more = len(lines) - _MOST
    return [*lines[:_MOST], *([f"... and {more:,} lines more"] if more > 0 else [])]


def _text(example: Example, screen: Screen) -> list[str]:
    return highlighted("\n".join(pages.shown(example)), screen).split("\n")


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"{_INDENT}{line}".rstrip() for line in lines)
