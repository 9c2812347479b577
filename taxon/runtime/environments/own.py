"""Environments as a recipe says: registered ones, classes and functions of the user's, and wrappers around them."""

import contextlib
import difflib
import inspect
import traceback
from collections.abc import Callable, Collection, Mapping
from typing import Any

import gymnasium
from gymnasium import wrappers

from taxon.runtime.environments.faults import UnusableEnvironmentError, at, described, is_the_users, place_in
from taxon.runtime.environments.importing import defined, module_of
from taxon.runtime.environments.making import make_raw, quiet, registered, translated
from taxon.runtime.environments.places import place_of
from taxon.runtime.environments.recipe import Recipe, Reference, Value, Wrapper

Raw = gymnasium.Env[Any, Any]


def raw_of(recipe: Recipe, seed: int, render: bool) -> Raw:
    """Make what a recipe says. render: so that it can be filmed; what a factory makes is as the factory makes it.

    seed: what dm_control draws a task's model from.
    Raises UnusableEnvironmentError for an unknown id or name, a missing dependency, what is no environment, or whatever
    the code of one raises.
    """
    raw = _base(recipe, seed, {"render_mode": "rgb_array"} if render else {})
    try:
        _check_kind(recipe.id, raw)
        for wrapper in recipe.wrappers:
            raw = _wrapped(recipe, wrapper, raw)
        _check_resets(recipe, raw)
    except BaseException:
        with contextlib.suppress(Exception):
            raw.close()
        raise
    return raw


def _base(recipe: Recipe, seed: int, render: Mapping[str, Any]) -> Raw:
    """It without wrappers."""
    if recipe.factory is not None:
        with translated(recipe.id):
            return recipe.factory()  # type: ignore[no-any-return]
    if recipe.called:
        message = f"{recipe.id} is made by a function of a Python program"
        raise UnusableEnvironmentError(message, "go on with the run in that program, which has the function")
    settings = {**recipe.arguments, **render}
    try:
        if not recipe.module:
            return make_raw(recipe.id, seed, settings)
        with translated(recipe.id):
            maker = _maker(recipe)
            return registered(recipe.id, recipe.name, settings) if maker is None else maker(**settings)
    except UnusableEnvironmentError as error:
        if isinstance(error.__cause__, TypeError) and (mistake := _mistaken(recipe, settings, error.__cause__)):
            raise mistake from error.__cause__
        raise


def _maker(recipe: Recipe) -> Callable[..., Raw] | None:
    """What a module has under the name of an environment that it does not register."""
    module = module_of(recipe)
    found = None if recipe.name in gymnasium.registry else getattr(module, recipe.name, None)
    return found if callable(found) else None


def _mistaken(recipe: Recipe, settings: Collection[str], error: TypeError) -> UnusableEnvironmentError | None:
    """What is wrong where what is called takes no such arguments, or needs others, or makes no environment."""
    known = gymnasium.registry.get(recipe.name)
    entry = _maker(recipe) if known is None else known.entry_point
    maker = gymnasium.envs.registration.load_env_creator(entry) if isinstance(entry, str) else entry
    if isinstance(maker, type) and not issubclass(maker, gymnasium.Env):
        return _no_environment(recipe.id, maker)
    if maker is None:
        return None
    place, names = place_of(maker), _named(maker)
    if names is not None:
        names += [] if known is None else ["max_episode_steps"]  # of gymnasium.make itself
        if wrong := next((name for name in settings if name not in names), None):
            close = difflib.get_close_matches(wrong, names, n=1)
            takes = f"it takes {', '.join(names)}" if names else "it takes none"
            help = f"did you mean {close[0]}? {takes}" if close else takes
            return UnusableEnvironmentError(f"{recipe.id} takes no argument {wrong}", help, place)
    frames = traceback.extract_tb(error.__traceback__)
    if place is None or any(frame.filename == place.file for frame in frames):
        return None  # its own code is to blame, and said
    message = f"{recipe.id} cannot be made: {described(error)}"
    return UnusableEnvironmentError(message, f"give its arguments with --env-set, or mend it: {place}", place)


def _named(called: Callable[..., Any]) -> list[str] | None:
    """The arguments that a function or a class takes by name; None where it takes any, or does not say."""
    try:
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters if parameter.kind is not parameter.POSITIONAL_ONLY]


def _check_kind(id: str, raw: object) -> None:
    """Raise UnusableEnvironmentError for what is no environment of gymnasium."""
    if not isinstance(raw, gymnasium.Env):
        raise _no_environment(id, type(raw))


def _no_environment(id: str, kind: type) -> UnusableEnvironmentError:
    place = place_of(kind)
    if any(base.__module__.partition(".")[0] == "gym" for base in kind.__mro__):
        return UnusableEnvironmentError(
            f"{id} is an environment of gym, which gymnasium has replaced",
            f"derive {kind.__name__} from gymnasium.Env, whose reset returns (observation, info), and whose step "
            f"(observation, reward, terminated, truncated, info){at(place)}",
            place,
        )
    return UnusableEnvironmentError(
        f"{id} is of the kind {kind.__name__}, which is no gymnasium.Env",
        f"derive it from gymnasium.Env{at(place)}",
        place,
    )


def _check_resets(recipe: Recipe, raw: Raw) -> None:
    """Raise UnusableEnvironmentError for one that begins episodes by itself: the last observation would be lost."""
    layer = raw
    while isinstance(layer, gymnasium.Wrapper):
        if isinstance(layer, wrappers.Autoreset):
            message = f"{recipe} begins episodes by itself, and a run does so where it wants one"
            raise UnusableEnvironmentError(message, "leave gymnasium.wrappers.Autoreset out")
        layer = layer.env


def _wrapped(recipe: Recipe, wrapper: Wrapper, raw: Raw) -> Raw:
    with translated(wrapper.name):
        made = _wrapper_of(wrapper.name, recipe)
        positional = [_resolved(value, recipe) for value in wrapper.positional]
        named = {name: _resolved(value, recipe) for name, value in wrapper.arguments.items()}
    try:
        with quiet():
            wrapped = made(raw, *positional, **named)
    except BaseException as error:  # whatever a wrapper raises
        if is_the_users(error):
            raise
        takes = (_named(made) or [])[1:]
        raise UnusableEnvironmentError(
            f"{wrapper} does not go around {recipe.id}: {described(error)}",
            f"beside the environment it takes {', '.join(takes)}"
            if isinstance(error, TypeError) and takes
            else f"mend its arguments, or the wrapper{at(place_in(error))}",
        ) from error
    if not isinstance(wrapped, gymnasium.Env):
        message = f"{wrapper} gives an object of the kind {type(wrapped).__name__}, which is no gymnasium.Env"
        raise UnusableEnvironmentError(message, "name a wrapper, such as TimeLimit(max_episode_steps=200)")
    return wrapped


def _wrapper_of(name: str, recipe: Recipe) -> Callable[..., Any]:
    """One of gymnasium.wrappers, or what a dotted name names."""
    if "." in name:
        found = defined(name, recipe.folder)
    else:
        found = getattr(wrappers, name, None) if name in wrappers.__all__ else None
        if found is None:
            close = difflib.get_close_matches(name, wrappers.__all__, n=3)
            help = f"did you mean {', '.join(close)}?" if close else "one of your own has a dotted name: module.Class"
            raise UnusableEnvironmentError(f"gymnasium has no wrapper {name}", help)
    if not callable(found):
        message = f"{name} is of the kind {type(found).__name__} and cannot be called"
        raise UnusableEnvironmentError(message, "name a class of wrappers")
    return found  # type: ignore[no-any-return]


def _resolved(value: Value, recipe: Recipe) -> Any:
    """A value, with what its dotted names stand for."""
    match value:
        case Reference(name=name):
            return defined(name, recipe.folder)
        case list():
            return [_resolved(part, recipe) for part in value]
        case tuple():
            return tuple(_resolved(part, recipe) for part in value)
        case dict():
            return {name: _resolved(part, recipe) for name, part in value.items()}
    return value
