"""A block: everything that a choice of a row adds to the emitted module, in one place."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from functools import cached_property

from taxon.compiler.library import exports
from taxon.compiler.symbols import Column
from taxon.errors import Error


class ContractError(Error):
    """A row that the blocks cannot say: a choice without a block, a symbol without a writer."""


@dataclass(frozen=True)
class Section:
    """One step of the derivation.

    `text` is prose; mathematics in it stands between dollars. `lines` are LaTeX, one equation each, of the commands
    that `derivation.notation` has. `paths` are the row's leaves that decide the section. `at` names what the lines
    that compute it assign or define, or the part of an update that they are.
    """

    title: str
    paths: tuple[str, ...]
    text: str
    lines: tuple[str, ...]
    source: str
    at: tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """A field of State; `init` is a Python expression, over `generators`."""

    name: str
    shape: str
    init: str
    kind: str = "Tensor"


@dataclass(frozen=True)
class Stored:
    """A column that acting adds to the stored step, and updates read by its symbol."""

    column: Column
    symbol: str
    code: str  # what it is, over what `act` names and the memory before the step
    random: str  # what it is for a uniform action, over `uniform` [S, N, A]
    axes: tuple[str, ...] = ()  # its shape behind [S, N], as expressions of the agent


@dataclass(frozen=True)
class Step:
    """The descent of a network's loss, which the blocks `within` its field make up."""

    field: str
    now: str  # its parameters before the step
    loss: str  # name of the function
    cost: str  # name of its value
    lines: str  # from the gradient to the next value
    shared: tuple[str, ...] = ()  # further roles that it trains, whose parameters are arguments of the loss
    also: tuple[str, ...] = ()  # their parameters before the step
    leaving: tuple[str, ...] = ()  # what leaves the loss beside its value


@dataclass(frozen=True)
class Block:
    """Lines of a function, and what they bring along.

    Attributes:
        part: where a schedule puts them: `estimate`, `critic`, `policy`, `columns`, ...
        code: plain Python. What it reads is found in its syntax tree: symbols, constants, operators, fields.
        writes: the symbols that it defines.
        stage: it reworks the one symbol that it writes, at this stage (`symbols.STAGES`).
        within: it stands inside the loss of this field.
        anywhere: it is printed in every function that reads it, and only there.
        doc: of the loss, or what a later stage adds to that.
        operators: names that are operators of packages, and no symbols.
    """

    part: str
    code: str
    writes: tuple[str, ...] = ()
    stage: str = ""
    within: str = ""
    anywhere: bool = False
    step: Step | None = None
    doc: str = ""
    noise: tuple[tuple[str, tuple[str, ...]], ...] = ()
    metrics: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    operators: frozenset[str] = frozenset()

    @cached_property
    def names(self) -> Names:
        return analyse(self.code)

    @cached_property
    def alias(self) -> str:
        """The symbol that the block only gives another name, which is printed in its place; mostly none."""
        match ast.parse(self.code).body:
            case [ast.Assign(targets=[ast.Name()], value=ast.Name(id=name))] if self.anywhere:
                return name
        return ""

    @cached_property
    def reads(self) -> frozenset[str]:
        """The symbols that the code and the metrics read from outside."""
        given = GIVEN | exports().keys() | self.operators
        loads = {name for name, _, _ in self.names.loads} - given
        inner = {self.step.cost, f"{self.step.field}_gradient"} if self.step else set()
        shown = {name for _, text in self.metrics for name, _, _ in analyse(text).loads} - given - inner
        own = self.names.stores - ({self.writes[0]} if self.stage else set())
        first = {name for name in own if name in loads and self.names.loaded_first(name)}
        return frozenset((loads - own) | first | (shown - own))


@dataclass
class Names:
    """What a text reads and assigns in its outermost scope; functions inside it have scopes of their own."""

    loads: list[tuple[str, int, int]]  # name, line, column
    attributes: list[tuple[str, str, int, int]]  # of `state` and `noise`: whose, name, line, column
    stores: set[str]
    _first: dict[str, tuple[int, str]]

    def loaded_first(self, name: str) -> bool:
        """Whether a name is read before it is assigned."""
        return self._first.get(name, (0, "store"))[1] == "load"


# What every function of a module may read.
GIVEN = frozenset(dir(builtins)) | {
    *("self", "state", "memory", "noise", "batch", "episodes", "updates", "generators"),
    *("torch", "F", "Tensor", "math", "DATA"),
    *("grad", "grad_and_value", "windows", "by_group"),
}


def analyse(code: str) -> Names:
    names = Names([], [], set(), {})

    def visit(node: ast.AST, hidden: frozenset[str]) -> None:
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            inner = hidden | {argument.arg for argument in node.args.args}
            body = node.body if isinstance(node.body, list) else [node.body]
            if isinstance(node, ast.FunctionDef):
                names.stores.add(node.name)
                names._first.setdefault(node.name, (node.lineno, "store"))
                inner |= {
                    n.id for b in body for n in ast.walk(b) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                }
            for statement in body:
                visit(statement, inner)
            return
        if isinstance(node, ast.comprehension | ast.GeneratorExp | ast.ListComp):
            hidden |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("state", "noise"):
            names.attributes.append((node.value.id, node.attr, node.lineno, node.col_offset))
        if isinstance(node, ast.Assign):  # its value is read before its targets are assigned
            visit(node.value, hidden)
            for target in node.targets:
                visit(target, hidden)
            return
        if isinstance(node, ast.Name) and node.id not in hidden:
            if isinstance(node.ctx, ast.Load):
                names.loads.append((node.id, node.lineno, node.col_offset))
                names._first.setdefault(node.id, (node.lineno, "load"))
            else:
                names.stores.add(node.id)
                names._first.setdefault(node.id, (node.lineno, "store"))
        for child in ast.iter_child_nodes(node):
            visit(child, hidden)

    visit(ast.parse(code), frozenset())
    return names
