"""taxon explain: what a code means, why it is one, and examples; or what a path takes, and where that comes from."""

from __future__ import annotations

from typing import Annotated

import typer

from taxon.cli.codes import CODES
from taxon.cli.describing import describe
from taxon.cli.frontend import write
from taxon.data import corpus_dir
from taxon.diagnostics import pages
from taxon.diagnostics.suggest import did_you_mean
from taxon.diagnostics.visible import visible
from taxon.semantics import elsewhere
from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import SCHEMA


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
        write("\n\n".join("\n".join(describe(subject, slot)) for slot in slots))
        return
    if subject and (names := vocabulary.children(subject)):
        write("\n".join(f"{subject}.{name}" for name in names))
        return
    hint = elsewhere.about(subject) or did_you_mean(subject.upper(), CODES) or did_you_mean(subject, vocabulary.paths)
    hint = hint or f"codes run from {min(CODES)} to {max(CODES)}, paths stand in `taxon show SPEC --origin`"
    write(f"error: there is no code and no path {visible(subject)}\n help: {hint}", error_stream=True)
    raise typer.Exit(2)
