"""Python's values as the language writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taxon.diagnostics.source import Source
from taxon.errors import Error
from taxon.syntax import parse_entries, tree
from taxon.syntax.printing import number

Value = float | int | bool | str | Sequence[int]
"""A number, a truth value, the widths of layers, or a text of the language: `"adam(lr = 3e-4)"`."""


def settings(values: Mapping[str, Value]) -> str:
    """Entries that set paths to values. Raises Error for what is no path, or no value of the language."""
    return "\n".join(_setting(path, value) for path, value in values.items())


def value_text(value: object) -> str:
    """A value as it is written in a spec. Raises Error for one that has no such text."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return number(int(value))
        case float():
            return number(float(value))  # of numpy's floats, too
        case str():
            return value
        case list() | tuple():
            return f"[{', '.join(map(value_text, value))}]"
    plain = getattr(value, "tolist", None)  # a scalar or an array of numpy, or a tensor
    if callable(plain):
        return value_text(plain())
    raise Error(
        f"{_shown(value)} is no value of a spec",
        'give a number, a truth value, a list of whole numbers, or a text of the language, as in "adam(lr = 3e-4)"',
    )


def _setting(path: object, value: object) -> str:
    if not isinstance(path, str):
        raise Error(f"{_shown(path)} is no path", 'a path is a text, as in spec.set("gamma", 0.99)')
    text = f"{path} = {value_text(value)}"
    entries, found = parse_entries(Source("set()", text))
    sets = [each for each in entries if isinstance(each, tree.Assignment) and each.path.text == path.strip()]
    if not found and not (len(sets) == len(entries) == 1):
        raise Error(
            f"{_shown(value)} is not one value for {_shown(path)}",
            "set several paths with spec.set({...}), and write other entries with spec.extend(...)",
        )
    return text


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
