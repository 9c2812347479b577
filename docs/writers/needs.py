"""Why a path may have no part in a row, read from the functions that decide it: every reason that one can return."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any

from taxon.taxonomy.schema import Slot

DISTRIBUTION = "the distribution"  # the row's, in a reason that names it


def reasons(slot: Slot) -> tuple[str, ...]:
    """The reasons of a slot, in the order in which they stand; none where the slot has a part in every row."""
    return () if slot.applies is None else _reasons(slot.applies, ())


@dataclass(frozen=True)
class _Scope:
    """What the names in a function mean."""

    globals: dict[str, Any]
    enclosed: dict[str, Any]  # what it, or the function that made it, was called with
    assigned: dict[str, ast.expr]


@cache
def _reasons(function: Callable[..., Any], words: tuple[str | None, ...]) -> tuple[str, ...]:
    """words: the texts among its arguments, None in the place of any other."""
    assert isinstance(function, FunctionType)
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef)
    nodes = list(ast.walk(definition))
    assigned = {node.target.id: node.value for node in nodes if isinstance(node, ast.NamedExpr)}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                assigned[name] = value
    names = [argument.arg for argument in definition.args.args]
    given = {name: word for name, word in zip(names, words, strict=False) if word is not None}
    scope = _Scope(function.__globals__, {**inspect.getclosurevars(function).nonlocals, **given}, assigned)
    returns = [node for node in nodes if isinstance(node, ast.Return) and node.value is not None]
    returns.sort(key=lambda node: node.lineno)
    return tuple(dict.fromkeys(text for node in returns if node.value for text in _texts(node.value, scope)))


def _texts(value: ast.expr, scope: _Scope) -> Iterator[str]:
    """The texts that a returned expression can be."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Constant(value=None):
            return
        case ast.JoinedStr(values=values):
            yield "".join(_piece(each, scope) for each in values).replace(f"`{DISTRIBUTION}`", DISTRIBUTION)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            known = _known(test, scope)
            if known is not False:
                yield from _texts(body, scope)
            if known is not True:
                yield from _texts(orelse, scope)
        case ast.BoolOp(values=values):
            for each in values:
                yield from _texts(each, scope)
        case ast.Name(id=name) if name in scope.assigned:
            yield from _texts(scope.assigned[name], scope)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            words = [each.value if isinstance(each, ast.Constant) else None for each in arguments]
            yield from _reasons(scope.enclosed.get(name) or scope.globals[name], tuple(words))
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name), args=arguments):
            words = [each.value if isinstance(each, ast.Constant) else None for each in arguments]
            yield from _reasons(getattr(scope.globals[module], name), tuple(words))
        case ast.Call(func=ast.Call(func=ast.Name(id=name), args=[ast.Name(id=given)])):
            yield from _reasons(scope.globals[name](scope.enclosed[given]), ())
        case _:
            raise TypeError(f"a reason that is not read here: {ast.unparse(value)}")


def _piece(value: ast.expr, scope: _Scope) -> str:
    """A piece of a text."""
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=ast.Name(id=name)) if name in scope.enclosed:
            return str(scope.enclosed[name])
        case ast.FormattedValue(value=ast.Call(func=ast.Attribute(attr="distribution") | ast.Name(id="distribution"))):
            return DISTRIBUTION
        case _:
            raise TypeError(f"a reason that is not read here: {ast.unparse(value)}")


def _known(test: ast.expr, scope: _Scope) -> bool | None:
    """What a condition is whatever the row, or None where it depends on the row."""
    match test:
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq()], comparators=[ast.Constant(value=constant)]):
            return scope.enclosed[name] == constant if name in scope.enclosed else None
        case ast.BoolOp(op=op, values=values):
            parts = [_known(each, scope) for each in values]
            settles = isinstance(op, ast.Or)  # one true part settles an `or`, one false part an `and`
            return settles if settles in parts else None if None in parts else not settles
        case ast.Name(id=name) if name in scope.assigned:
            return _known(scope.assigned[name], scope)
        case _:
            return None
