"""The functions an emitted module may call, read from their sources without importing them (torch stays out).

Most are the library's own; packages bring theirs (`compiler/packages.py`).
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("operators", "networks")


@dataclass(frozen=True)
class Source:
    """One file of the library: its module name, its syntax tree and its text."""

    module: str
    tree: ast.Module
    text: str

    def definitions(self) -> dict[str, ast.stmt]:
        """Top-level functions, classes and constants by name."""
        found: dict[str, ast.stmt] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[node.name] = node
            elif isinstance(node, ast.Assign):
                found |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found[node.target.id] = node
        return found


@cache
def read(relative: str) -> Source:
    """A file of the package, such as `operators/returns.py`."""
    text = _text(relative)
    return Source("taxon." + relative.removesuffix(".py").replace("/", "."), ast.parse(text), text)


def read_file(module: str, path: Path) -> Source:
    """A module of another package. Raises OSError, SyntaxError or ValueError where the file holds none."""
    text = path.read_text("utf-8")
    return Source(module, ast.parse(text), text)


@cache
def _text(relative: str) -> str:
    return (_ROOT / relative).read_text("utf-8")


@cache
def package_files(package: str) -> tuple[str, ...]:
    """The names of a package's files."""
    return tuple(path.name for path in sorted((_ROOT / package).glob("*.py")) if path.name != "__init__.py")


# A line that defines a name: of a function, a class, or a constant. Syntax trees of all files would take 15 ms.
_DEFINING = re.compile(r"^(?:(?:def|class) (?=[A-Za-z])|(?=[A-Za-z]\w*(?:: [^=\n]+)? = ))(\w+)", re.MULTILINE)


@cache
def exports() -> dict[str, str]:
    """Every public name of the operators and networks and the module that defines it."""
    names: dict[str, str] = {}
    for package in PACKAGES:
        for file in package_files(package):
            text, module = _text(f"{package}/{file}"), f"taxon.{package}.{file.removesuffix('.py')}"
            names |= dict.fromkeys(_DEFINING.findall(text), module)
    return names


def names_used(text: str) -> set[str]:
    """The module-level names that a Python text reads, in whatever scope; its local variables are no such names."""
    return set(_module_names(symtable.symtable(text, "<emitted>", "exec")))


def _module_names(scope: symtable.SymbolTable) -> Iterator[str]:
    top = scope.get_type() == "module"
    for symbol in scope.get_symbols():
        if symbol.is_referenced() if top else symbol.is_global():
            yield symbol.get_name()
    for inner in scope.get_children():
        yield from _module_names(inner)
