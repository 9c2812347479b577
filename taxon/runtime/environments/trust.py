"""What a run's folder or a study says of its environments, and what the user says of them: it may be a stranger's."""

import shlex
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError


def trusted(recorded: Recipe, said: Recipe | None) -> Recipe:
    """The environment to make for a run that is there: an id alone as it is recorded, all else as the user says it.

    said: by the user's hand, where it is said again. A file may be said by another path, as it may lie elsewhere now.
    Raises UserError where that is needed, or is not what the run was on.
    """
    if said is not None:
        if _compared(recorded) == _compared(said):
            return said
        help = "leave --env out" if recorded.plain else f"write {shlex.join(recorded.words)}"
        raise UserError(f"the run was on {recorded}, not on {said}", help)
    if recorded.plain:
        return recorded
    if recorded.called:
        message = f"the run's environment {recorded} was made by a function of a Python program"
        raise UserError(message, "go on in that program, which has the function")
    if recorded.module:
        what = "execute a file" if recorded.file else "import a module"
        message, it = f"the run's environment {recorded} would {what}", "that file" if recorded.file else "that module"
    else:
        message, it = f"the run's environment {recorded} is made with arguments or wrappers", "them"
    raise UserError(message, f"if you trust {it}, add {shlex.join(recorded.words)}")


def _compared(recipe: Recipe) -> list[str]:
    id = recipe.id if recipe.file is None else f"{Path(recipe.file).name}:{recipe.name}"
    return [id, *recipe.words[2:]]


def named_by(study: str, words: Sequence[str] | None) -> Callable[[str], Recipe]:
    """What makes the environments that a study or a tune names: those that import or execute something only where the
    user names them as well. A UserError is raised for others."""

    def recipe(env: str) -> Recipe:
        found = Recipe(env, folder=Path.cwd()) if env in (words or ()) else Recipe(env)
        if found.folder is not None or found.plain:
            return found
        what, it = ("execute a file", "file") if found.file else ("import a module", "module")
        message = f"the environment {env} of {study} would {what}"
        raise UserError(message, f"if you trust that {it}, add {shlex.join(['--env', env])}")

    return recipe


def check_named(environments: Collection[str], words: Sequence[str] | None) -> None:
    """Raise UserError where the user names an environment that is none of those."""
    for word in words or ():
        if word not in environments:
            raise UserError(f"--env {word} is none of the environments", f"those are {', '.join(environments)}")
