"""What an environment that a command names takes and shows, or why it cannot be used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from taxon.cli.specs.pointing import line_of
from taxon.diagnostics.model import Diagnostic
from taxon.runtime.environments.recipe import Recipe
from taxon.taxonomy.rules.environment import Actions, Spaces, unusable

if TYPE_CHECKING:
    from taxon.runtime.environments.faults import UnusableEnvironmentError


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
