"""A recipe from words: `--env`, `--env-set key=value` and `--wrap "TimeLimit(max_episode_steps=200)"`.

Values are literals; nothing of a text is executed.
"""

import ast
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from taxon.runtime.environments.recipe import Recipe, Reference, Value, Wrapper
from taxon.runtime.errors import UserError

MOST_WORDS = 100  # arguments, or wrappers
LONGEST = 1_000  # characters of one
DEEPEST = 20  # lists in lists

_LITERALS = "a number, true or false, a text, or a list, a tuple or a dictionary of these"
_HELP_SET = f"write --env-set name=value, where the value is {_LITERALS}"
_HELP_WRAP = 'write --wrap "TimeLimit(max_episode_steps=200)", or a class of your own as --wrap "module.Class(size=3)"'
_HELP_OWN = (
    "write module:Id-v0 or path/to/file.py:Id-v0, with the name of what it registers, or of a class or a function in it"
)
_COUNT = re.compile(r"([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?)([kM])")
_BARE = re.compile(r"[\w./][\w./@:+~-]*")
_RESERVED = {
    "id": "--env says it",
    "render_mode": "it is rgb_array where a run is filmed, and None otherwise",
    "disable_env_checker": "taxon checks for itself what an environment answers",
}


def read_recipe(id: str, settings: Sequence[str] = (), wraps: Sequence[str] = (), folder: Path | None = None) -> Recipe:
    """A recipe as a command line says it. folder: the user's working folder, where these are the user's own words.

    Raises UserError for words that say none.
    """
    if not id or not id.isprintable() or len(id) > LONGEST:
        raise UserError(f"--env {id[:60]} names no environment", "name one, as in --env Hopper-v4")
    module, colon, name = id.rpartition(":")
    if colon and not (module and name):
        raise UserError(f"--env {id} has nothing {'behind' if module else 'before'} its colon", _HELP_OWN)
    if id.endswith(".py"):
        raise UserError(f"--env {id} names a file, and not what to make of it", _HELP_OWN)
    for count, option in ((len(settings), "--env-set"), (len(wraps), "--wrap")):
        if count > MOST_WORDS:
            raise UserError(f"{option} is given {count:,} times, more than {MOST_WORDS}", "leave some out")
    return Recipe(id, _arguments(settings), tuple(map(read_wrapper, wraps)), folder=folder)


def read_value(text: str) -> Value:
    """A value as `--env-set` has it: a literal of Python, or of the language, or a text without quotes.

    Raises ValueError.
    """
    text = text.strip()
    _check_length(text)
    if text in ("true", "false"):
        return text == "true"
    if count := _COUNT.fullmatch(text):
        number = float(count[1].replace("_", "")) * {"k": 1_000, "M": 1_000_000}[count[2]]
        return int(number) if number.is_integer() else number
    try:
        value = _value(_parsed(text), references=False)
    except ValueError:
        if _BARE.fullmatch(text) and not _is_arithmetic(text):
            return text
        raise
    _check_length(repr(value))
    return value


def read_wrapper(text: str) -> Wrapper:
    """A wrapper as `--wrap` has it. Raises UserError."""
    try:
        node = _parsed(text)
        call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
        if (name := _dotted(call.func)) is None:
            raise ValueError("it is no dotted name with arguments in parentheses")
        positional = tuple(_value(each, references=True) for each in call.args)
        arguments: dict[str, Value] = {}
        for keyword in call.keywords:
            if keyword.arg is None:
                raise ValueError("`**` stands before a value")
            if keyword.arg in arguments:
                raise ValueError(f"it gives {keyword.arg} twice")
            arguments[keyword.arg] = _value(keyword.value, references=True)
        wrapper = Wrapper(name, positional, arguments)
        _check_length(str(wrapper))
    except ValueError as error:
        raise UserError(f"--wrap {text[:60]} is no wrapper: {error}", _HELP_WRAP) from None
    return wrapper


def _arguments(settings: Iterable[str]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise UserError(f"--env-set {setting[:60]} is no name with a value", _HELP_SET)
        if name in _RESERVED:
            raise UserError(f"--env-set {name} cannot be set: {_RESERVED[name]}", f"leave --env-set {name}=... out")
        if name in found:
            raise UserError(f"--env-set gives {name} twice", "give it once")
        try:
            found[name] = read_value(text)
        except ValueError as error:
            raise UserError(f"--env-set {name}={text[:60]} has no literal: {error}", _HELP_SET) from None
    return found


def _check_length(text: str) -> None:
    if len(text) > LONGEST:
        raise ValueError(f"it has more than {LONGEST:,} characters")


def _parsed(text: str) -> ast.expr:
    """The tree of one expression. Raises ValueError for every text that is none."""
    _check_length(text)
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("it is not written as Python writes one") from None


def _value(node: ast.expr, references: bool, depth: int = 0) -> Value:
    """The value of a literal, or a dotted name where it may be one. Raises ValueError."""
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")

    def inside(part: ast.expr) -> Value:
        return _value(part, references, depth + 1)

    match node:
        case ast.Constant(value=bool() | int() | str() | None as value):
            return value
        case ast.Constant(value=float() as value) if math.isfinite(value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)) if math.isfinite(
            value
        ) and not isinstance(value, bool):
            return -value
        case ast.List(elts=parts):
            return [inside(part) for part in parts]
        case ast.Tuple(elts=parts):
            return tuple(map(inside, parts))
        case ast.Dict(keys=keys, values=values):
            return {_key(key): inside(value) for key, value in zip(keys, values, strict=True)}
        case ast.Name(id="true" | "false" as truth):
            return truth == "true"
        case ast.Attribute() if references and (name := _dotted(node)) is not None:
            return Reference(name)
    means = "neither a literal nor a dotted name such as numpy.tanh" if references else "no literal"
    raise ValueError(f"{_shown(node)} is {means}; a text has quotes")


def _shown(node: ast.expr) -> str:
    try:
        return ast.unparse(node)[:60]
    except RecursionError:  # a long row of operators is a deep tree
        return "it"


def _key(node: ast.expr | None) -> str:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        raise ValueError("the keys of a dictionary are texts")
    return node.value


def _dotted(node: ast.expr) -> str | None:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else None


def _is_arithmetic(text: str) -> bool:
    """Whether a text is one that Python takes for numbers alone, but no literal: `nan`, `3j`, `1/2`."""
    try:
        return not any(isinstance(node, ast.Name) for node in ast.walk(_parsed(text))) or bool(float(text))
    except ValueError:
        return False
