"""Modules and files that a user names for an environment, and what they define.

The one place of the runtime which imports by a name or executes a file, and the latter only where the user has said so
(`Recipe.folder`): nothing that stands in a spec, a study or the folder of a run is enough.
"""

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from taxon.runtime.environments.faults import UnusableEnvironmentError
from taxon.runtime.environments.recipe import Recipe


def module_of(recipe: Recipe) -> ModuleType:
    """The module, or the executed file, that a recipe's id names; it is imported once in a process.

    Raises UnusableEnvironmentError where there is none, and whatever its code raises.
    """
    if recipe.file is not None:
        return _executed(recipe)
    if recipe.id.count(":") > 1:
        raise UnusableEnvironmentError(
            f"{recipe.id} is no id of an environment: it has {recipe.id.count(':')} colons",
            "write module:Id-v0, where the import of a module registers the environment Id-v0",
        )
    top = recipe.module.partition(".")[0]
    if not _found(top, recipe.folder):
        file = f"path/to/{recipe.module.replace('.', '/')}.py:{recipe.name}" if top else "path/to/file.py:Id-v0"
        where = f", run in the folder of {top}.py" if top else ""
        raise UnusableEnvironmentError(
            f"there is no module {recipe.module} to import for {recipe.id}",
            f"install the package that has it{where}, or name the file, as in --env {file}",
        )
    return importlib.import_module(recipe.module)


def digest(recipe: Recipe) -> str | None:
    """The SHA-256 of the file that a recipe's id names, if it names one and it can be read."""
    if recipe.path is None:
        return None
    try:
        return hashlib.sha256(recipe.path.read_bytes()).hexdigest()
    except OSError:
        return None


def defined(dotted: str, folder: Path | None) -> Any:
    """What a module defines, by its dotted name; what is in a class counts as well.

    folder: where modules are looked for besides. Raises UnusableEnvironmentError where there is nothing of that name,
    and whatever a module's code raises.
    """
    parts = dotted.split(".")
    if not _found(parts[0], folder):
        message = f"there is no {dotted}: there is no module {parts[0]}"
        raise UnusableEnvironmentError(
            message, f"install the package that has it, or run in the folder of {parts[0]}.py"
        )
    for count in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:count])
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise  # what it imports is missing
            continue
        for place, part in enumerate(parts[count:], count):
            if not hasattr(found, part):
                message = f"there is no {dotted}: {'.'.join(parts[:place])} has no {part}"
                raise UnusableEnvironmentError(message, "name what a module defines, as in numpy.tanh")
            found = getattr(found, part)
        return found
    raise UnusableEnvironmentError(f"there is no {dotted}", "name what a module defines, as in numpy.tanh")


def _executed(recipe: Recipe) -> ModuleType:
    """The module of a file. What it imports is looked for beside it as well, after all else."""
    file, path = recipe.file, recipe.path
    if path is None:
        raise UnusableEnvironmentError(
            f"{recipe.id} is in a file of Python, which is executed where a command line names it and nowhere else",
            f"say it yourself, as in taxon run ... --env {recipe.id}",
        )
    if not path.is_file():
        raise UnusableEnvironmentError(
            f"there is no file {file}", f"name it from here, as in --env path/to/{path.name}"
        )
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    described = importlib.util.spec_from_file_location(path.stem, path)
    if known is not None or described is None or described.loader is None:
        raise UnusableEnvironmentError(
            f"{file} cannot be executed: there is a module {path.stem} already",
            f"give the file another name, such as {path.stem}_environment.py",
        )
    _add(path.parent)
    module = importlib.util.module_from_spec(described)
    sys.modules[path.stem] = module  # an entry point such as "maze:Maze" is found by it
    try:
        described.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module


def _found(module: str, folder: Path | None) -> bool:
    """Whether there is a module, or a package; one in the user's folder counts where there is no other of its name."""
    if not module:
        return False
    if module in sys.modules or importlib.util.find_spec(module) is not None:
        return True
    if folder is None or not ((folder / f"{module}.py").is_file() or (folder / module).is_dir()):
        return False
    _add(folder)
    return True


def _add(folder: Path) -> None:
    """Look for modules in a folder after all others: what lies there stands for none that is installed."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
        importlib.invalidate_caches()
