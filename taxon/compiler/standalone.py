"""One file that trains with torch, numpy and gymnasium alone: the emitted module with all that it calls written out.

Nothing is written twice: the operators, the networks and the training loop come from their own sources.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from taxon.compiler.block import ContractError
from taxon.compiler.library import PACKAGES, Source, names_used, package_files, read
from taxon.compiler.packages import sources
from taxon.compiler.printing.layout import order_imports

_MAIN = Path(__file__).parent / "printing" / "standalone.txt"
RUNTIME = tuple(
    f"runtime/{name}.py"
    for name in (
        "agent",
        "device/units",
        "environments/boxes",
        "environments/vectors/collector",
        "environments/environment",
        "environments/faults",
        "environments/layouts",
        "environments/making",
        "environments/observed",
        "environments/vectors/step_buffer",
        "environments/vectors/sync_vector",
        "environments/vectors/vector",
        "experience/layout",
        "experience/minibatches",
        "experience/replay",
        "experience/rollouts",
        "experience/source",
        "loop/learning",
        "loop/loop",
        "loop/metrics",
        "loop/streams",
    )
)


def standalone(module: str) -> str:
    """A script around an emitted module: `python agent.py --env Hopper-v4 --steps 20000`."""
    return written_out(module, _MAIN.read_text("utf-8"))


def written_out(module: str, main: str) -> str:
    """A module and the `main` behind it, with all that they call of the library before them, in one file."""
    # What the module defines stands for the library's description of it: its Agent for the protocol of that name.
    own = [Source("", ast.parse(text), text) for text in (module, main)]
    body, script = (_without_imports(source) for source in own)
    defined = {name for source in own for name in source.definitions()}
    files = _files(sources(module))
    sections, kept = _library(files, names_used(body) | names_used(script), defined)
    header = ast.get_docstring(own[0].tree, clean=False) or ""
    escaped = header.replace("\\", "\\\\").replace('"', '\\"')
    imports = _imports([*own, *kept], {source.module for source in files}, "\n".join([*sections, body, script]))
    start = f'"""{escaped}"""\n\nfrom __future__ import annotations\n\n{imports}'
    return "\n\n\n".join(part.strip("\n") for part in (start, *sections, body, script)) + "\n"


def _files(outside: list[Source]) -> list[Source]:
    """The library, and what packages bring, in an order in which a definition never needs a later one at import.

    Raises:
        ContractError: a package's file has a name that another file gives a meaning too.
    """
    library = _own()
    given = {name: source.module for source in library for name in source.definitions()}
    for source in outside:
        for name in source.definitions():
            if given.setdefault(name, source.module) != source.module:
                raise ContractError(f"one file cannot hold both {source.module}.{name} and {given[name]}.{name}")
        for node in source.tree.body:
            if isinstance(node, ast.ImportFrom) and _ours(node.module or ""):
                missing = next((alias.name for alias in node.names if alias.name not in given), None)
                if missing is not None:
                    reason = f"{source.module} imports {missing} of {node.module}, which no script has"
                    raise ContractError(reason)
    return [*library, *_placed(outside)]


@cache
def _own() -> tuple[Source, ...]:
    paths = [f"{package}/{name}" for package in PACKAGES for name in package_files(package)]
    return tuple(_placed([read(path) for path in (*paths, *RUNTIME)]))


def _placed(sources: list[Source]) -> list[Source]:
    sources, placed = list(sources), []
    while sources:
        names = {source.module for source in sources}
        ready = next(source for source in sources if not (_modules(source) & names - {source.module}))
        placed.append(ready)
        sources.remove(ready)
    return placed


def _modules(source: Source) -> set[str]:
    """The modules that a file imports names from."""
    return {node.module for node in source.tree.body if isinstance(node, ast.ImportFrom) and node.module}


def _library(files: list[Source], wanted: set[str], defined: set[str]) -> tuple[list[str], list[Source]]:
    """The definitions that `wanted` names, directly or through each other, file by file; none that is `defined`."""
    definitions = {name: (source, node) for source in files for name, node in source.definitions().items()}
    closure: set[str] = set()
    open_ = [name for name in wanted if name in definitions]
    while open_:
        name = open_.pop()
        if name not in closure | defined:
            closure.add(name)
            open_ += [used for used in names_used(_segment(*definitions[name])) if used in definitions]
    sections: list[str] = []
    kept: list[Source] = []
    for source in files:
        nodes = dict.fromkeys(node for name, node in source.definitions().items() if name in closure)
        if nodes:
            sections.append("\n\n\n".join(_segment(source, node) for node in nodes))
            kept.append(source)
    return sections, kept


def _segment(source: Source, node: ast.stmt) -> str:
    """The text of a definition with its decorators."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return "\n".join(source.text.splitlines()[first - 1 : node.end_lineno])


def _without_imports(source: Source) -> str:
    """A module's text after its docstring and imports."""
    first = next(
        node
        for node in source.tree.body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    )
    return "\n".join(source.text.splitlines()[first.lineno - 1 :])


def _imports(sources: list[Source], written: set[str], text: str) -> str:
    """The imports of others that the text still needs, sorted; none of modules that are written out."""
    used = names_used(text)
    lines: set[str] = set()
    for source in sources:
        for node in source.tree.body:
            if isinstance(node, ast.Import):
                lines |= {
                    f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
                    for alias in node.names
                    if (alias.asname or alias.name.partition(".")[0]) in used
                }
            elif isinstance(node, ast.ImportFrom) and node.module not in written and not _ours(node.module or ""):
                lines |= {f"from {node.module} import {alias.name}" for alias in node.names if alias.name in used}
    return order_imports(lines)


def _ours(module: str) -> bool:
    return module.startswith("taxon.")
