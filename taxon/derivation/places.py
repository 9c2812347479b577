"""Where in an emitted module something stands: the function and the lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Place:
    """Lines of a module, counted from 1, and the function that holds them: `update.policy_loss`; empty at the top."""

    function: str
    first: int
    last: int

    def __str__(self) -> str:
        lines = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.function or 'module'} {lines}"


class Module:
    """The statements of a Python text by the line on which they begin."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._statements = {place.first: place for place in _statements(ast.parse(text), "")}

    def find(self, name: str, among: Callable[[int], bool] = lambda line: True) -> tuple[Place, ...]:
        """Every statement that assigns or defines a name, on the lines for which `among` holds.

        Args:
            name: `weights`, `self.policy`, `return`, or `update: state` with the name of a function before the colon.
        """
        function, colon, what = name.rpartition(": ")
        begins = _begins(what)
        found = (
            place
            for line, place in self._statements.items()
            if begins.match(self._lines[line - 1]) and (not colon or place.function == function) and among(line)
        )
        return tuple(sorted(found, key=lambda place: place.first))

    def within(self, among: Callable[[int], bool]) -> tuple[Place, ...]:
        """Every statement on the lines for which `among` holds."""
        return tuple(place for line, place in sorted(self._statements.items()) if among(line))


@cache
def _begins(name: str) -> re.Pattern[str]:
    """The beginning of a statement that assigns, defines or is called so."""
    if name == "return":
        return re.compile(r"\s*return\b")
    escaped = re.escape(name)
    return re.compile(rf"\s*(def {escaped}\(|(\*?[\w.]+, )*{escaped}(, [\w.]+)*(: \w+)? = )")


def _statements(node: ast.AST, function: str) -> Iterator[Place]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt):
            continue
        name = f"{function}.{child.name}".lstrip(".") if isinstance(child, ast.FunctionDef) else function
        yield Place(name, child.lineno, child.end_lineno or child.lineno)
        yield from _statements(child, name)
