"""Environments by their ids, as gymnasium makes them, and why one cannot be made."""

import contextlib
import difflib
import importlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium

from taxon.runtime.environments.faults import UnusableEnvironmentError, described, is_the_users, place_in

_UNKNOWN = (gymnasium.error.NameNotFound, gymnasium.error.VersionNotFound, gymnasium.error.NamespaceNotFound)


def make_raw(id: str, seed: int, settings: dict[str, Any]) -> gymnasium.Env[Any, Any]:
    """Make a gymnasium environment, one of this package, or one of dm_control as `dm_control/<domain>-<task>`.

    seed: what dm_control draws a task's model from. settings: further arguments of the environment.
    Raises UnusableEnvironmentError for an unknown id, a missing dependency, or whatever the environment's code raises.
    """
    with translated(id):
        if id.startswith("dm_control/"):
            from taxon.runtime.environments import dm_control

            if id not in dm_control.tasks():
                raise _unknown(id)
            return dm_control.Task(id, seed, **settings)
        if id.startswith("taxon/"):
            importlib.import_module("taxon.tasks")  # registers them
        return registered(id, id, settings)


def registered(id: str, name: str, settings: dict[str, Any]) -> gymnasium.Env[Any, Any]:
    """Make what is registered with gymnasium by a name. Raises UnusableEnvironmentError where there is no such name."""
    limit = settings.get("max_episode_steps")  # of gymnasium.make itself, where -1 is no limit
    if limit is not None and not (type(limit) is int and (limit > 0 or limit == -1)):
        raise UnusableEnvironmentError(
            f"{id} cannot be made: max_episode_steps is {limit!r}",
            "write a whole number from 1 on, as in --env-set max_episode_steps=200, or -1 for episodes without a limit",
        )
    try:
        # The checker costs time at every step and only repeats what Environment checks once.
        return gymnasium.make(name, disable_env_checker=True, **settings)
    except _UNKNOWN:
        raise _unknown(id) from None


@contextlib.contextmanager
def translated(id: str) -> Iterator[None]:
    """Make an environment quietly, and have whatever that raises become an UnusableEnvironmentError."""
    try:
        with quiet():
            yield
    except UnusableEnvironmentError:
        raise
    except BaseException as error:  # whatever the import of a module and a constructor raise
        if is_the_users(error):
            raise
        raise _broken(id, error) from error


def _unknown(id: str) -> UnusableEnvironmentError:
    known = list(gymnasium.registry)
    if id.startswith("dm_control/"):
        from taxon.runtime.environments import dm_control

        known = dm_control.tasks()
    module, colon, name = id.rpartition(":")
    if close := difflib.get_close_matches(name, known, n=1 if module else 3):
        help = f"did you mean {', '.join(module + colon + each for each in close)}?"
    elif module:
        help = f"name what {module} registers, or a class or a function in it"
    else:
        help = "use a gymnasium id such as Hopper-v4, or dm_control/walker-walk"
    if module:
        return UnusableEnvironmentError(f"there is no environment {id}: {module} registers no {name}", help)
    return UnusableEnvironmentError(f"there is no environment {id}", help)


def _broken(id: str, error: BaseException) -> UnusableEnvironmentError:
    module, _, _ = id.rpartition(":")
    if module and isinstance(error, ModuleNotFoundError) and (missing := _missing(error)):
        if missing == module or module.startswith(f"{missing}."):
            return _no_module(id, module)
        return UnusableEnvironmentError(f"{id} needs what is not installed here: {missing}", f"install {missing}")
    if isinstance(error, gymnasium.error.DependencyNotInstalled) or (isinstance(error, ImportError) and not module):
        return UnusableEnvironmentError(
            f"{id} needs what is not installed here: {described(error).partition(': ')[2]}",
            f"install it, or choose another version of {id}",
        )
    if isinstance(error, gymnasium.error.Error):
        return UnusableEnvironmentError(f"{id} cannot be made: {error}", "choose another version of it")
    message, place = f"{id} cannot be made: {described(error)}", place_in(error)
    if place is None:
        return UnusableEnvironmentError(message, "mend how it is registered: its entry point and its kwargs")
    return UnusableEnvironmentError(message, f"mend the environment: {place}", place)


def _missing(error: BaseException | None) -> str | None:
    """The module that was not found, which gymnasium notes only in the exception before its own."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name
        error = error.__cause__ or error.__context__
    return None


def _no_module(id: str, module: str) -> UnusableEnvironmentError:
    return UnusableEnvironmentError(
        f"there is no module {module} to import for {id}",
        f"install the package that has it, or put the folder of {module.replace('.', '/')}.py on PYTHONPATH",
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """While a model is built, drop notices about old versions; afterwards MuJoCo's warnings go to `logging`.

    Left alone, MuJoCo appends every warning to a file in the working directory.
    """
    try:
        import mujoco
    except ImportError:
        mujoco = None
    if mujoco is not None:
        mujoco.set_mju_user_warning(lambda message: None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if mujoco is not None:
            mujoco.set_mju_user_warning(logging.getLogger("mujoco").warning)
