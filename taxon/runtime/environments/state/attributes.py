"""What an object holds, found by walking its attributes, and the plain values among it, read and written.

A plain value is None, a number, an array of numbers, or a list, tuple, deque or dictionary of them, whose keys are
strings, numbers or tuples of these.
Only plain values are ever written: no string, and nothing that could be called.
"""

import contextlib
import logging
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

from taxon.runtime.environments.state.compared import DEEPEST, Compared, Unreadable, is_unreadable, text_of

MOST_OBJECTS = 10_000  # that a walk visits
MOST_NUMBERS = 1_000_000  # in one plain value

_CONSTANT = (type, FunctionType, MethodType, ModuleType, spaces.Space, EnvSpec, logging.Logger, logging.Handler)
_DICTIONARIES = (dict, OrderedDict, defaultdict, Counter)


class Place:
    """Where a plain value is: an entry of a list, of a dictionary, or of an object's attributes.

    shared: one dictionary for all places of a walk, in which `restore` notes what it made of which array.
    """

    def __init__(self, holder: Any, key: Any, shared: dict[int, dict[bytes, Any]]) -> None:
        self._holder, self._key, self._shared = holder, key, shared

    def capture(self) -> Any:
        """A copy of the value; numbers of numpy's own types become arrays without axes.

        Raises ValueError where it is too large.
        """
        value = self._holder[self._key]
        if _count(value) > MOST_NUMBERS:
            raise ValueError(f"it holds more than {MOST_NUMBERS} numbers")
        return _copy(value, lambda numbers: np.array(numbers, order="C"))

    def check(self, value: Any) -> None:
        """Raises ValueError where a value to restore is not plain, too large, or unlike the present one."""
        present = self._holder[self._key]
        if not is_plain(value) or _count(value) > MOST_NUMBERS:
            raise ValueError(f"it is no plain value of at most {MOST_NUMBERS} numbers")
        kinds = {_kind(present), _kind(value)} - {None}
        if len(kinds) > 1:
            raise ValueError(f"it is a {_kind(value)}, and the environment has a {_kind(present)}")

    def restore(self, value: Any) -> None:
        """Write a captured value, which was checked."""
        present = self._holder[self._key]
        if _same_form(present, value):
            self._holder[self._key] = self._filled(present, value)
        elif isinstance(present, deque) and isinstance(value, deque):
            self._holder[self._key] = deque(_copy(value, _numbers), present.maxlen)
        elif isinstance(present, dict) and type(present) is not dict and isinstance(value, dict):
            present.clear()
            present.update(_copy(value, _numbers))
        else:
            self._holder[self._key] = _copy(value, _numbers)

    def _filled(self, present: Any, value: Any) -> Any:
        """The array to stand here: the present one, written in place for whatever else looks at it.

        Where places share an array and were captured with unlike values, each value gets an array of its own.
        """
        made = self._shared.setdefault(id(present), {})
        content = value.tobytes()
        if content not in made:
            made[content] = np.empty_like(present) if made else present
            made[content][...] = value
        return made[content]


def walk(root: object) -> Iterator[tuple[str, Any]]:
    """Everything that an object holds, with its dotted path.

    A `Place` for a plain value; `Compared` for one whose text is all there is to it, but cannot be written;
    `Unreadable` for an iterator; else the object itself. An object that is held twice comes once, under the shortest
    path. What has no attributes is not looked into, nor are functions, classes and modules, and arrays in a library's
    own memory, such as views of a simulator's data, are left out.
    Raises ValueError where there is no end to it.
    """
    seen = {id(root): root}
    shared: dict[int, dict[bytes, Any]] = {}
    waiting = deque([("", root)])
    while waiting:
        prefix, holder = waiting.popleft()
        for name, key, value in _held(holder):
            path = f"{prefix}{name}"
            if _borrowed(value):
                continue
            if is_plain(value) and not isinstance(holder, tuple):
                yield (
                    path,
                    Place(holder if isinstance(holder, dict | list | deque) else _Attributes(holder), key, shared),
                )
            elif (text := text_of(value)) is not None:
                yield path, Compared(text)
            elif id(value) not in seen and not isinstance(value, _CONSTANT):
                seen[id(value)] = value
                if len(seen) > MOST_OBJECTS:
                    raise ValueError(f"the environment holds more than {MOST_OBJECTS} objects")
                if is_unreadable(value):
                    yield path, Unreadable(value)
                else:
                    yield path, value
                    waiting.append((f"{path}.", value))


def is_plain(value: object, depth: int = 0) -> bool:
    """Whether a value is plain, and not nested deeper than DEEPEST."""
    match value:
        case np.ndarray() | np.generic():
            return value.dtype.kind in "biuf"
        case _ if depth > DEEPEST:
            return False
        case list() | tuple() | deque() if type(value) in (list, tuple, deque):
            return all(is_plain(part, depth + 1) for part in value)
        case dict() if type(value) in _DICTIONARIES:
            return all(_is_key(key) and is_plain(part, depth + 1) for key, part in value.items())
    return value is None or type(value) in (bool, int, float)


def _is_key(key: object) -> bool:
    if type(key) is tuple:
        return all(map(_is_key, key))
    return type(key) is str or (is_plain(key) and not isinstance(key, np.ndarray | list | deque | dict))


class _Attributes:
    """An object's attributes as the entries of a dictionary."""

    def __init__(self, holder: object) -> None:
        self._holder = holder
        self._own: dict[str, Any] = getattr(holder, "__dict__", {})

    def __getitem__(self, name: str) -> Any:
        return self._own[name] if name in self._own else object.__getattribute__(self._holder, name)

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self._own:
            self._own[name] = value
        else:
            object.__setattr__(self._holder, name, value)  # a slot, perhaps of a class that calls itself frozen


def _held(holder: Any) -> Sequence[tuple[str, Any, Any]]:
    """The name, key and value of the parts of a container, or of an object's own attributes.

    Their order does not depend on the holder's history.
    """
    if isinstance(holder, list | tuple | deque):
        return [(str(place), place, part) for place, part in enumerate(holder)]
    if isinstance(holder, dict):
        named = [(_name(key, place), key, part) for place, (key, part) in enumerate(holder.items())]
        return sorted(named, key=lambda part: part[0])
    own = getattr(holder, "__dict__", None)
    parts = dict(own) if isinstance(own, dict) else {}
    for name in _slots(type(holder)):
        with contextlib.suppress(AttributeError):  # it is empty
            parts[name] = object.__getattribute__(holder, name)
    return sorted(((name, name, part) for name, part in parts.items() if type(name) is str), key=lambda part: part[0])


def _name(key: object, place: int) -> str:
    """What a dictionary's entry is called: by its place, where the key is an object of which there may be copies."""
    if type(key) is str:
        return key
    return f"#{place}" if text_of(key) is None else f"[{key!r}]"


def _slots(kind: type) -> list[str]:
    """The names of the slots of classes that are written in Python."""
    return [
        name
        for each in kind.__mro__
        if "__slots__" in vars(each)
        for name, part in vars(each).items()
        if type(part) is MemberDescriptorType
    ]


def _borrowed(value: object) -> bool:
    """Whether an array's memory is not numpy's."""
    base = value
    while isinstance(base, np.ndarray):
        base = base.base
    return base is not None and isinstance(value, np.ndarray)


def _kind(value: object) -> str | None:
    match value:
        case None:
            return None
        case dict():
            return "dictionary"
        case list() | tuple() | deque():
            return "sequence"
        case np.ndarray() if value.ndim:
            return "sequence"
    return "number"


def _same_form(present: object, value: object) -> bool:
    return (
        isinstance(present, np.ndarray)
        and isinstance(value, np.ndarray)
        and (present.shape, present.dtype) == (value.shape, value.dtype)
        and present.flags.writeable
    )


def _count(value: Any) -> int:
    match value:
        case np.ndarray():
            return value.size
        case dict():
            return 1 + sum(map(_count, value.values()))
        case list() | tuple() | deque():
            return 1 + sum(map(_count, value))
    return 1


def _copy(value: Any, array: Callable[[Any], Any]) -> Any:
    """A copy of a plain value, with `array` of its arrays and of its numbers of numpy's types."""
    match value:
        case np.ndarray() | np.generic():
            return array(value)
        case dict():
            return {key: _copy(part, array) for key, part in value.items()}
        case deque():
            return deque((_copy(part, array) for part in value), value.maxlen)
        case list() | tuple():
            return type(value)(_copy(part, array) for part in value)
    return value


def _numbers(array: Any) -> Any:
    """A copy of an array; one without axes becomes a number of numpy's type again."""
    return np.array(array)[()]
