"""Where in an emitted module something stands: the function and the lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


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

    def find(self, anchor: str) -> tuple[Place, ...]:
        """Every statement that begins with the anchor's text; in the anchor's function alone, where it names one.

        Args:
            anchor: `weights = `, or `targets: return` with the name of a function before the colon.
        """
        function, colon, start = anchor.partition(": ")
        if not colon:
            function, start = "", anchor
        found = (
            place
            for line, place in self._statements.items()
            if self._lines[line - 1].lstrip().startswith(start) and (not function or place.function == function)
        )
        return tuple(sorted(found, key=lambda place: place.first))


def _statements(node: ast.AST, function: str) -> Iterator[Place]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt):
            continue
        name = f"{function}.{child.name}".lstrip(".") if isinstance(child, ast.FunctionDef) else function
        yield Place(name, child.lineno, child.end_lineno or child.lineno)
        yield from _statements(child, name)
