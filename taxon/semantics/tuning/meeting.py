"""Tuning seeds that meet the seeds of a study which compares the tuned row."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.diagnostics.model import Diagnostic, Label
from taxon.diagnostics.source import Span
from taxon.semantics import codes
from taxon.semantics.compose import Composer
from taxon.semantics.loading import study_references
from taxon.semantics.scope import Symbol
from taxon.semantics.studies import Study
from taxon.semantics.tuning.model import Tune
from taxon.syntax import tree


def meetings(tuned: Symbol, tune: Tune, compared: Symbol, study: Study, composer: Composer) -> Iterator[Diagnostic]:
    """A warning where a study runs an algorithm that is the base of a tune, or descends from it, in an environment and
    on a seed of that tune."""
    where = [cell for cell in study.cells if cell.environment in tune.environments and not cell.left_out]
    most = max((cell.seeds.most for cell in where), default=0)
    shared = range(max(tune.seeds.start, 0), min(tune.seeds.stop, most))
    base = next(_algorithms(tuned, composer), None)
    if not shared or base is None or not any(base in composer.line(each) for each in _algorithms(compared, composer)):
        return
    named = f"seed {shared.start}" if len(shared) == 1 else f"seeds {shared.start} to {shared.stop - 1}"
    labels = (
        Label(_key(tuned, "first_seed"), "tuned from here on", primary=True),
        Label(_key(compared, "seeds"), f"`{study.name}` compares on 0 to {most - 1}"),
    )
    message = f"`{tune.name}` tunes on {named}, on which `{study.name}` compares what becomes of `{tune.base}`"
    hint = f"leave `first_seed` out, or begin at {most:,} or later"
    yield Diagnostic(codes.SEEDS_MEET, message, labels, help=hint)


def _algorithms(symbol: Symbol, composer: Composer) -> Iterator[Symbol]:
    """The algorithms that a study or a tune names."""
    node = symbol.declaration
    assert isinstance(node, tree.Study | tree.Tune)
    for path, kind in study_references(node):
        found = composer.scope.find(path, symbol.unit, kind)
        if found is not None and isinstance(found.declaration, tree.Algorithm):
            yield found


def _key(symbol: Symbol, name: str) -> Span:
    """Where a key stands, else the name of the declaration."""
    said = (each for each in symbol.declaration.entries if isinstance(each, tree.Assignment) and each.path.text == name)
    return next((each.span for each in said), symbol.span)
