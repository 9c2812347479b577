"""Nested arguments as the flat tensors that a compiled graph takes, and its results as what a function gives.

Both are described by plain data, which can be kept: a path is the indices that lead from all arguments to a part of
them. Of nested tuples, named or not, only the tensors count.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import Tensor

Path = tuple[int, ...]
Tree = dict[
    str, Any
]  # one of {"argument": path}, {"result": index}, {"text": ...}, {"tuple": trees, "like": path | None}
Build = Callable[[Sequence[Any], Sequence[Tensor]], Any]


class UndescribedError(ValueError):
    """What a function takes or gives has no description."""


def parts(arguments: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every part of nested tuples with its path, the whole first."""
    yield path, arguments
    if isinstance(arguments, tuple):
        for index, part in enumerate(arguments):
            yield from parts(part, (*path, index))


class Reader:
    """Finds parts of nested arguments, those on the way to them included.

    paths: of what is wanted. Raises UndescribedError, when it is made, for paths that are none.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.places: dict[Path, int] = {(): 0}
        self._steps: list[tuple[int, int]] = []
        for path in paths:
            if not all(type(index) is int and index >= 0 for index in path):
                raise UndescribedError(f"{path} leads nowhere")
            for length in range(1, len(path) + 1):
                if path[:length] not in self.places:
                    self.places[path[:length]] = len(self.places)
                    self._steps.append((self.places[path[: length - 1]], path[length - 1]))

    def __call__(self, arguments: Any) -> list[Any]:
        """The parts, each at its place in `places`."""
        found = [arguments]
        for of, index in self._steps:
            found.append(found[of][index])
        return found


def described(given: Any, arguments: Any, results: Sequence[Tensor]) -> Tree:
    """What a function gave, by its arguments and a graph's results. Raises UndescribedError where it holds others."""
    paths = {id(part): path for path, part in parts(arguments) if isinstance(part, Tensor)}
    indices = {id(result): index for index, result in enumerate(results)}
    kinds = {type(part): path for path, part in reversed(list(parts(arguments)))}  # the first of a kind

    def describe(given: Any) -> Tree:
        if id(given) in paths:
            return {"argument": list(paths[id(given)])}
        if id(given) in indices:
            return {"result": indices[id(given)]}
        if isinstance(given, str):
            return {"text": given}
        kind = type(given)
        if not isinstance(given, tuple) or (kind is not tuple and kind not in kinds):
            raise UndescribedError(f"a {kind.__name__} is neither an argument nor a result")
        inner = [describe(part) for part in given]
        return _whole(inner, kind, arguments) or {"tuple": inner, "like": None if kind is tuple else list(kinds[kind])}

    return describe(given)


def _whole(inner: list[Tree], kind: type[tuple[Any, ...]], arguments: Any) -> Tree | None:
    """An argument that has exactly these parts."""
    first = inner[0].get("argument") if inner else None
    if not first:
        return None
    *path, _ = first
    same = [{"argument": [*path, index]} for index in range(len(inner))]
    found = part_at(arguments, path)
    return {"argument": path} if inner == same and type(found) is kind and len(found) == len(inner) else None


def part_at(arguments: Any, path: Sequence[int]) -> Any:
    """The part that a path leads to."""
    for index in path:
        arguments = arguments[index]
    return arguments


def named(tree: Tree) -> Iterator[Path]:
    """The paths of the arguments that a description reads."""
    if "argument" in tree:
        yield tuple(tree["argument"])
    for part in tree.get("tuple", ()):
        yield from named(part)


def builder(tree: Tree, arguments: Any, places: dict[Path, int]) -> Build:
    """What makes a function's results of the parts that a Reader found and a graph's results.

    arguments: some of the kind that the function takes. places: the Reader's.
    """
    match tree:
        case {"argument": path}:
            place = places[tuple(path)]
            return lambda found, results: found[place]
        case {"result": int(index)}:
            return lambda found, results: results[index]
        case {"text": str(text)}:
            return lambda found, results: text
        case {"tuple": list(inner), "like": like}:
            build = [builder(part, arguments, places) for part in inner]
            if like is None:
                return lambda found, results: tuple([part(found, results) for part in build])
            kind: Any = type(part_at(arguments, like))
            return lambda found, results: kind(*[part(found, results) for part in build])
    raise UndescribedError(f"{tree} describes nothing")
