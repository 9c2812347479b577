"""Folders as a stranger would send them: the files of a good one with bytes, JSON values or whole files changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

# Values of JSON that a reader may not expect, as texts: not all of them can be held by Python.
VALUES = [
    "null", "true", "-1", "0", "1", "7", "100000", "1e999", "-1e999", "NaN", "9" * 30, "9" * 5000, "1.5",
    '""', '"\\u0000"', '"\\ud800"', '"\\u001b[31m"', '"../../x"', '"/dev/zero"', '"cuda"', '"$(touch pwned)"',
    "[]", "{}", "[7, 7]", "[" * 2000 + "]" * 2000, '{"a": ' * 500 + "1" + "}" * 500,
]  # fmt: skip


@st.composite
def folders(draw: DrawFn, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a folder, by name, after one to three changes; a file may be gone."""
    changed = dict(files)
    for _ in range(draw(st.integers(1, 3))):
        if not changed:
            break
        name = draw(st.sampled_from(sorted(changed)))
        match draw(st.sampled_from(["bytes", "bytes", "cut", "grow", "swap", "drop", "json", "json"])):
            case "bytes":
                changed[name] = draw(_bytes(changed[name]))
            case "cut":
                changed[name] = changed[name][: draw(st.integers(0, len(changed[name])))]
            case "grow":
                changed[name] += draw(st.binary(min_size=1, max_size=40)) * draw(st.sampled_from([1, 100_000]))
            case "swap":
                other = draw(st.sampled_from(sorted(changed)))
                changed[name], changed[other] = changed[other], changed[name]
            case "drop":
                del changed[name]
            case "json":
                changed[name] = draw(edited(changed[name]))
    return changed


@st.composite
def _bytes(draw: DrawFn, content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data)


def edited(content: bytes) -> SearchStrategy[bytes]:
    """JSON with one of its values, or a key, another; what is no JSON becomes one of the values."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return st.sampled_from(VALUES).map(str.encode)
    places = list(_places(document, ()))
    return st.tuples(st.sampled_from(places), st.sampled_from([*VALUES, None, "key"])).map(
        lambda drawn: _changed(document, *drawn).encode("utf-8", "backslashreplace")
    )


def _places(node: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    keys = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [path, *(place for key in keys for place in _places(node[key], (*path, key)))]


def _changed(document: Any, path: tuple[Any, ...], value: str | None) -> str:
    """The document with the value at a path replaced by a text, left out (None) or under another key (`key`)."""
    if not path:
        return value or ""
    copy = json.loads(json.dumps(document))
    holder = copy
    for step in path[:-1]:
        holder = holder[step]
    if value is None:
        del holder[path[-1]]
        return json.dumps(copy)
    if value == "key":
        if isinstance(holder, dict):
            holder[f"{path[-1]}\x1b"] = holder.pop(path[-1])
        return json.dumps(copy)
    holder[path[-1]] = "@@@"
    return json.dumps(copy).replace('"@@@"', value)
