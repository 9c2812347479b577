"""A spec in, a row out, or its diagnostics on the terminal and an exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from taxon.cli.screen.writing import write
from taxon.cli.specs.environments import space_of
from taxon.cli.specs.extending import beside
from taxon.cli.specs.reporting import Format, exit_code, report
from taxon.diagnostics.visible import visible
from taxon.runtime.environments.recipe import Recipe
from taxon.semantics import Resolution, canonical, load_spec, row_hash
from taxon.taxonomy.language import packages_of
from taxon.taxonomy.rules import check_duration
from taxon.taxonomy.rules.environment import check_environment
from taxon.taxonomy.schema import Row


@dataclass(frozen=True)
class Resolved:
    """A spec that means something."""

    name: str
    row: Row
    canonical: str
    hash: str
    packages: dict[str, str]  # which added a choice of it, with their versions


def load(
    spec: str,
    sets: Sequence[str] = (),
    env: Recipe | None = None,
    unsets: Sequence[str] = (),
    steps: int | None = None,
    done: int = 0,
    texts: Mapping[Path, str] | None = None,
) -> Resolved:
    """Resolve a spec for a command; warnings go to standard error, errors too, and then the command ends (1 or 2).

    texts: what is read instead of the files at these real paths.
    """
    resolution = resolve_for(spec, sets, env, unsets, steps, done, texts)
    if resolution.diagnostics:
        report(resolution.diagnostics, Format.FULL, error_stream=True)
    if resolution.row is None:
        for line in beside(spec):
            write(f"note: {visible(line)}", error_stream=True)
        raise typer.Exit(exit_code(resolution.diagnostics))
    row = resolution.row
    packages = {package.name: package.version for package in packages_of(row)}
    return Resolved(row.name, row, canonical(row), row_hash(row), packages)


def resolve_for(
    spec: str,
    sets: Sequence[str] = (),
    env: Recipe | None = None,
    unsets: Sequence[str] = (),
    steps: int | None = None,
    done: int = 0,
    texts: Mapping[Path, str] | None = None,
) -> Resolution:
    """Resolve a spec and hold its row against the environment's actions, and the steps of a run, of which some may be
    done already; texts: as `load` reads them."""
    space = space_of(env) if env is not None else None
    resolution = load_spec(
        spec, sets, None if env is None else env.id, None if space is None else space[0], unsets=unsets, texts=texts
    )
    if resolution.row is None:
        return resolution
    unfit = [] if env is None or space is None else check_environment(resolution.row, str(env), *space)
    unfit += [] if steps is None else check_duration(resolution.row, steps, done)
    return Resolution(None, [*resolution.diagnostics, *unfit]) if unfit else resolution
