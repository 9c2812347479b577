"""The environment that a program names: an id, a recipe, or a function that makes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from taxon.api.wording import in_python
from taxon.errors import Error
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.words import read_recipe

if TYPE_CHECKING:
    import gymnasium

    from taxon.taxonomy.rules.environment import Spaces

Environment: TypeAlias = "str | Callable[[], gymnasium.Env[Any, Any]] | Recipe"
"""An id, as `taxon run --env` takes it, or a function of no arguments that makes a new environment at every call."""


@dataclass(frozen=True)
class Known:
    """An environment that was made once, and its spaces."""

    recipe: Recipe
    spaces: Spaces

    @property
    def id(self) -> str:
        """What `when env = ...` is compared with."""
        return self.recipe.id


def recipe_of(env: object, settings: Mapping[str, Any] | None = None, wraps: str | Sequence[str] = ()) -> Recipe:
    """How an environment is made, as a program says it.

    settings: arguments of the environment. wraps: wrappers, from the innermost, as `--wrap` takes them.
    Raises Error for what says none.
    """
    wraps = (wraps,) if isinstance(wraps, str) else wraps
    if isinstance(env, str):
        said = [f"{name}={value!r}" for name, value in (settings or {}).items()]
        with in_python():
            return read_recipe(env, said, wraps, Path.cwd())
    if settings or wraps:
        raise Error(
            "env_set and wrap belong to an id, and this environment is made by a function",
            "give the arguments and the wrappers in that function",
        )
    if isinstance(env, Recipe):
        return env
    if not callable(env):
        raise Error(
            f"{type(env).__name__} is no environment, nor what makes one",
            'give an id, as in env="Pendulum-v1", or a function that makes an environment, as in env=lambda: MyEnv()',
        )
    return Recipe.of(env)


def known(recipe: Recipe) -> Known:
    """An environment with its spaces; it is made for that, and closed. Raises Error where it cannot be used."""
    from taxon.runtime.environments.environment import spaces_of  # imports gymnasium
    from taxon.runtime.environments.faults import UnusableEnvironmentError

    try:
        return Known(recipe, spaces_of(recipe))
    except UnusableEnvironmentError as error:
        with in_python():
            raise Error(error.message, error.help) from error


def spaces_of(recipe: Callable[[str], Recipe]) -> Callable[[str], Spaces]:
    """What an environment takes and shows, each made once. Raises Error where it cannot be made."""

    @cache
    def spaces(name: str) -> Spaces:
        return known(recipe(name)).spaces

    return spaces
