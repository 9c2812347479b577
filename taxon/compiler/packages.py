"""What packages bring to the compiler: blocks, which are imported, and operators, of which only the text is read."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from taxon.compiler.block import GIVEN, ContractError
from taxon.compiler.library import Source, exports, read_file
from taxon.taxonomy.extension import Package
from taxon.taxonomy.language import language


def register(packages: Iterable[Package]) -> None:
    """Import the blocks of packages, which register what their choices mean.

    Raises:
        ContractError: one of them cannot be imported.
    """
    for package in packages:
        module = package.extension.blocks
        try:
            import_module(module)
        except (Exception, SystemExit) as error:  # whatever a stranger's module does
            raise ContractError(f"{module} of {package} cannot be imported ({_said(error)})") from error


def broken(packages: Iterable[Package], error: Exception) -> ContractError:
    """What is said where the blocks of a row with packages' choices fail."""
    names = ", ".join(map(str, packages))
    return ContractError(f"the blocks of {names} cannot say this row ({_said(error)})")


def operators(packages: Iterable[Package]) -> dict[str, str]:
    """Every public name of the packages' operators, and the module that defines it.

    Raises:
        ContractError: a module is not there, or two things have one name.
    """
    names: dict[str, str] = {}
    for package in packages:
        for module in package.extension.operators:
            for name in _read(package, module).definitions():
                if name.startswith("_"):
                    continue
                if name in GIVEN or exports().get(name, names.get(name, module)) != module:
                    other = exports().get(name) or names.get(name) or "Python or torch"
                    raise ContractError(f"{module}.{name} of {package} has the name of something in {other}")
                names[name] = module
    return names


def sources(module: str) -> list[Source]:
    """The modules of packages that an emitted module imports from, and what those import of their own package."""
    owners = {name: package for package in language().packages for name in package.extension.operators}
    waiting = [name for name in _imported(ast.parse(module)) if name in owners]
    found: dict[str, Source] = {}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        package = owners[name]
        found[name] = _read(package, name)
        own = [other for other in _imported(found[name].tree) if other.partition(".")[0] == name.partition(".")[0]]
        owners |= dict.fromkeys(own, package)
        waiting += own
    return list(found.values())


def _imported(tree: ast.Module) -> Iterator[str]:
    yield from (node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module)


@cache
def _read(package: Package, module: str) -> Source:
    """A module's text: the package around it is imported, the module is not."""
    try:
        found = find_spec(module)
        if found is None or found.origin is None:
            raise ContractError(f"{package} has no module {module}")
        return read_file(module, Path(found.origin))
    except (ImportError, OSError, SyntaxError, ValueError) as error:
        raise ContractError(f"{module} of {package} cannot be read ({_said(error)})") from error


def _said(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
