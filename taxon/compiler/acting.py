"""What an emitted module needs to act on its mean, and no more: without losses, updates and what they read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from taxon.compiler.library import names_used
from taxon.compiler.standalone import written_out

_MAIN = Path(__file__).parent / "printing" / "acting.txt"
ACTS = ("memory", "act_mean")  # what is called from outside


def acting(module: str) -> str:
    """A script around the acting part of an emitted module: `python policy.py --episodes 10`.

    Its constants are empty: `filled` writes a run's into them.
    """
    return written_out(_acting_part(module), _MAIN.read_text("utf-8"))


def filled(script: str, environment: str, layout: object, action: int, weights: str) -> str:
    """The script of a run.

    environment: its id; empty where that alone does not make it. layout: the tree of arrays that it shows, whose `repr`
    is an expression of the script's own names. action: numbers of an action, or choices. weights: an .npz file, base64.
    """
    values = {"ENVIRONMENT": environment, "LAYOUT": layout, "ACTION": action, "WEIGHTS": weights}
    for name, value in values.items():
        place = f"\n{name} = "
        before, found, after = script.partition(place)
        if not found or place in after:
            raise ValueError(f"the script has no place for {name}")
        _, end, rest = after.partition("\n")
        script = f"{before}{place}{value!r}{end}{rest}"
    return script


def _acting_part(module: str) -> str:
    """The text of a module with what acting reads alone; imports stay as they are."""
    tree, lines = ast.parse(module), module.splitlines()
    agent = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Agent")
    body = _agent(agent, lines)
    texts = {node: _text(node, lines) for node in tree.body} | {agent: body}
    definitions = {name: node for node in tree.body for name in _defines(node)}
    kept: set[ast.stmt] = {agent}
    open_ = list(names_used(body))
    fields = _fields(ast.parse(body))
    while open_:
        node = definitions.get(open_.pop())
        if node is None or node in kept:
            continue
        kept.add(node)
        if isinstance(node, ast.ClassDef) and node.name == "State":
            texts[node] = _with_fields(node, fields, lines)
        open_ += names_used(texts[node])
    header = {node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) or _is_text(node)}
    return "\n\n\n".join(texts[node] for node in tree.body if node in kept | header) + "\n"


def _agent(agent: ast.ClassDef, lines: list[str]) -> str:
    methods = {node.name: node for node in agent.body if isinstance(node, ast.FunctionDef)}
    reached: dict[str, ast.FunctionDef] = {}
    attributes: set[str] = set()
    open_ = list(ACTS)
    while open_:
        name = open_.pop()
        if name in methods and name not in reached:
            reached[name] = methods[name]
            open_ += _of(methods[name], "self")
        attributes.add(name)
    start = methods["__init__"]
    fixed = [_text(node, lines) for node in agent.body if not isinstance(node, ast.FunctionDef)]
    parts = [*fixed, _built(start, attributes, lines), *(_text(node, lines) for node in reached.values())]
    return f"{lines[agent.lineno - 1]}\n" + "\n\n".join(parts)


def _built(start: ast.FunctionDef, attributes: set[str], lines: list[str]) -> str:
    """`__init__` with what gives these attributes their values: what is live, from the last statement to the first."""
    live, kept = {f"self.{name}" for name in attributes}, []
    for statement in reversed(start.body):
        given = set(_given(statement))
        if given & live or not given:
            kept.append(_text(statement, lines))
            live -= given
            live |= _read(statement)
    return "\n".join([*lines[start.lineno - 1 : start.body[0].lineno - 1], *reversed(kept)])


def _given(statement: ast.stmt) -> Iterator[str]:
    """The variables and attributes that an assignment gives values to."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    for target in targets:
        for node in target.elts if isinstance(target, ast.Tuple) else [target]:
            yield ast.unparse(node)


def _read(statement: ast.stmt) -> set[str]:
    loaded = [node for node in ast.walk(statement) if isinstance(getattr(node, "ctx", None), ast.Load)]
    return {ast.unparse(node) for node in loaded if isinstance(node, ast.Name | ast.Attribute)}


def _fields(tree: ast.AST) -> set[str]:
    """The fields of the state that are read."""
    return set(_of(tree, "state"))


def _of(tree: ast.AST, owner: str) -> list[str]:
    """The attributes of a variable that are used."""
    return [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == owner
    ]


def _with_fields(state: ast.ClassDef, fields: set[str], lines: list[str]) -> str:
    """The state's class with these fields alone."""
    kept = [
        _text(node, lines)
        for node in state.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id in fields
    ]
    return "\n".join([lines[state.lineno - 1], '    """What acting reads of all that training changes."""', "", *kept])


def _defines(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    return [name for name in _given(node) if name.isidentifier()]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _text(node: ast.stmt, lines: list[str]) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return "\n".join(lines[first - 1 : node.end_lineno])
