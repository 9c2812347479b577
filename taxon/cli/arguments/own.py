"""The environment that a command line names: the user's own word, for which files are executed and modules imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from taxon.cli.specs.failure import user_errors
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError


def named(env: str | None, settings: Sequence[str] | None = None, wraps: Sequence[str] | None = None) -> Recipe | None:
    """What the words say; None where they name none. Where they say nothing sensible, the command ends."""
    from taxon.runtime.environments.words import read_recipe

    with user_errors():
        if env is not None:
            return read_recipe(env, settings or (), wraps or (), Path.cwd())
        if settings or wraps:
            option = "--env-set" if settings else "--wrap"
            raise UserError(f"{option} is given without an environment", "name it, as in --env Hopper-v4")
    return None


def named_again(
    recorded: Recipe, env: str | None, settings: Sequence[str] | None, wraps: Sequence[str] | None
) -> Recipe | None:
    """What the words say of a run's environment; they may leave out an id for which nothing is imported."""
    if not (env or settings or wraps):
        return None
    return named(recorded.id if env is None and not recorded.module else env, settings, wraps)
