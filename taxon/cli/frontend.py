"""What the commands share: a spec in, a row out, or its diagnostics on the terminal and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from taxon.cli.codes import UNREADABLE
from taxon.cli.extending import beside
from taxon.cli.pointing import line_of
from taxon.cli.terminal import screen
from taxon.diagnostics import concise, full, github, json_
from taxon.diagnostics.model import Diagnostic, Severity
from taxon.diagnostics.visible import visible
from taxon.runtime.environments.recipe import Recipe
from taxon.semantics import Resolution, canonical, load_spec, row_hash
from taxon.taxonomy.language import packages_of
from taxon.taxonomy.rules import check_duration
from taxon.taxonomy.rules.environment import Actions, Spaces, check_environment, unusable
from taxon.taxonomy.schema import Row

if TYPE_CHECKING:
    from taxon.runtime.environments.faults import UnusableEnvironmentError


class Format(StrEnum):
    """How diagnostics look."""

    FULL = "full"
    CONCISE = "concise"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


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
    space = _space(env) if env is not None else None
    if isinstance(space, Diagnostic):
        space = None
    resolution = load_spec(
        spec, sets, None if env is None else env.id, None if space is None else space[0], unsets=unsets, texts=texts
    )
    if resolution.row is None:
        return resolution
    unfit = [] if env is None or space is None else check_environment(resolution.row, str(env), *space)
    unfit += [] if steps is None else check_duration(resolution.row, steps, done)
    return Resolution(None, [*resolution.diagnostics, *unfit]) if unfit else resolution


def space_of(env: Recipe) -> Spaces | None:
    """What an environment takes as its action, of how many numbers or choices, and how many numbers it shows. None
    where it cannot be made here: `run` and `check` say why."""
    space = _space(env)
    return None if isinstance(space, Diagnostic) else space


def actions_of(env: Recipe) -> Actions | None:
    """What an environment takes as its action; None where it cannot be made here."""
    space = space_of(env)
    return None if space is None else space[0]


def unusable_environment(env: Recipe) -> Diagnostic | None:
    """Why an environment cannot be made or trained in, whatever the row."""
    space = _space(env)
    return space if isinstance(space, Diagnostic) else None


@cache
def _space(env: Recipe) -> Spaces | Diagnostic:
    """Its actions and the size of its observation, or why it cannot be used."""
    from taxon.runtime.environments.environment import spaces_of
    from taxon.runtime.environments.faults import UnusableEnvironmentError

    try:
        return spaces_of(env)
    except UnusableEnvironmentError as error:
        return _unusable(env, error)


def tried(env: Recipe) -> Diagnostic | None:
    """What a run would refuse of an environment's first answers; it can be made."""
    from taxon.runtime.environments.faults import UnusableEnvironmentError
    from taxon.runtime.environments.trial import try_out

    try:
        try_out(env)
    except UnusableEnvironmentError as error:
        return _unusable(env, error)
    return None


def _unusable(env: Recipe, error: UnusableEnvironmentError) -> Diagnostic:
    """What is wrong with an environment, at the line that is to blame where that can be read."""
    return unusable(str(env), error.message, error.help, None if error.place is None else line_of(*error.place))


def report(diagnostics: Sequence[Diagnostic], format: Format, error_stream: bool = False) -> None:
    """Print diagnostics in a format."""
    stream = sys.stderr if error_stream else sys.stdout
    match format:
        case Format.FULL:
            space = screen(stream)
            text = full.render(diagnostics, space.colour, space.width)
        case Format.CONCISE:
            text = concise.render(diagnostics)
        case Format.JSON:
            text = json_.render(diagnostics)
        case Format.GITHUB:
            text = github.render(diagnostics)
        case Format.SARIF:
            from taxon.diagnostics import sarif  # hashes and URLs, which no other format needs

            text = sarif.render(diagnostics)
    if text:
        write(text.rstrip("\n"), error_stream)


def write(text: str, error_stream: bool = False) -> None:
    """Print a text that may hold what the terminal cannot show."""
    stream = sys.stderr if error_stream else sys.stdout
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)


def exit_code(diagnostics: Iterable[Diagnostic]) -> int:
    """0 without errors, 2 where a file cannot be read or is not there, 1 otherwise."""
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]
    if not errors:
        return 0
    return 2 if all(diagnostic.code.id in UNREADABLE for diagnostic in errors) else 1
