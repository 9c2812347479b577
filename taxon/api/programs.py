"""A spec as the trainer takes it, and the trainer called from a program."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from taxon.api import resolving
from taxon.api.environments import known
from taxon.api.findings import SpecError, findings
from taxon.api.interactive import in_notebook
from taxon.api.spec import Spec
from taxon.api.wording import in_python
from taxon.compiler import emit
from taxon.errors import Error
from taxon.runtime.options import TOOLS
from taxon.semantics import canonical, row_hash, value_text
from taxon.semantics.differing import difference_page
from taxon.taxonomy.language import packages_of

if TYPE_CHECKING:
    from rich.console import Console

    from taxon.runtime.environments.recipe import Recipe
    from taxon.runtime.events import Callback
    from taxon.runtime.program import Program
    from taxon.runtime.progress import Display
    from taxon.runtime.trainer import Outcome


class SpecWarning(UserWarning):
    """A lint about a spec that is trained: published evidence of trouble."""


def program_of(spec: Spec, recipe: Recipe, steps: int | None, done: int = 0, log: Sequence[str] = ()) -> Program:
    """A spec, compiled for an environment, with what the tools among its loggers show of it.

    Raises SpecError where it cannot be trained there for so many steps.
    """
    from taxon.runtime.program import Program

    given = replace(spec._given, environment=known(recipe))
    row, found = resolving.resolved(given, steps, done)
    if row is None:
        raise SpecError(findings(found))
    for each in findings(found):
        warnings.warn(str(each), SpecWarning, stacklevel=3)
    packages = {package.name: package.version for package in packages_of(row)}
    program = Program(row.name, row_hash(row), canonical(row), emit(row), packages)
    if not any(name in TOOLS for name in log):
        return program
    before = resolving.parent(given)
    apart = "" if before is None else difference_page(before, row)
    return replace(program, leaves={path: value_text(row, path) for path in row.leaves}, difference=apart)


def executed(
    begin: Callable[[Console | Display, Sequence[Callback]], Outcome], callbacks: Sequence[Callback], progress: bool
) -> Outcome:
    """How a run ended, which was shown where the program runs.

    begin: calls the trainer with what the run shows itself on and who listens to it.
    """
    if not isinstance(callbacks, Iterable):
        message = f"callbacks is of the kind {type(callbacks).__name__}, and no list"
        raise Error(message, "write a list, as in callbacks=[mine]")
    shown, own = _shown(progress)
    with in_python(), _as_it_was():
        return begin(shown, [*own, *callbacks])


def _shown(progress: bool) -> tuple[Console | Display, list[Callback]]:
    """What a run shows itself on, and who listens to it for that."""
    from rich.console import Console

    if not progress:
        return Console(quiet=True), []
    if in_notebook():
        from taxon.api.live import Live

        live = Live()
        return live, [live]
    from taxon.runtime.progress import RunConsole

    return RunConsole(), []


@contextmanager
def _as_it_was() -> Iterator[None]:
    """Leave the working folder and torch's threads as they were, which a run and its environments may change."""
    import torch

    here, threads = os.getcwd(), torch.get_num_threads()
    try:
        yield
    finally:
        os.chdir(here)
        torch.set_num_threads(threads)
