"""Trees back to text: one canonical text for one tree, which parses to that tree again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from taxon.syntax.tree import (
    Algorithm,
    Allow,
    Architecture,
    Argument,
    Assignment,
    Block,
    Boolean,
    Call,
    Change,
    Claim,
    Declaration,
    Entry,
    Expression,
    File,
    Import,
    Index,
    List,
    Map,
    Mixed,
    Number,
    Offered,
    Path,
    Product,
    Reference,
    Search,
    String,
    Study,
    StudyEntry,
    Sum,
    Tune,
    TuneEntry,
    Unset,
    Vary,
    When,
)

_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_INDENT = "  "


def number(value: int | float) -> str:
    """The shortest text that reads as exactly this value; a plain one among equals: 1M, 10k, 2048, 0.01, 3e-4."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int):
        return min((str(value), *_with_suffix(value)), key=len)
    mantissa, _, exponent = repr(value).partition("e")
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = digits.removesuffix(".0").partition(".")
    significant = (whole + fraction).lstrip("0")
    power = int(exponent or 0) + len(whole) - 1 - (len(whole + fraction) - len(significant))
    significant = significant.rstrip("0")
    scientific = significant[0] + ("." + significant[1:] if len(significant) > 1 else "") + f"e{power}"
    return min(([] if exponent else [repr(value)]) + [sign + scientific], key=len)


def _with_suffix(value: int) -> Iterator[str]:
    if value == 0:
        return
    for suffix, scale in (("k", 1_000), ("M", 1_000_000)):
        if value % scale == 0:
            yield f"{value // scale}{suffix}"
    tenths, rest = divmod(abs(value), 100_000)
    if rest == 0 and tenths % 10 and abs(value) < 2**53:
        yield f"{'-' * (value < 0)}{tenths // 10}.{tenths % 10}M"


def string(value: str) -> str:
    """A string in double quotes."""
    return f'"{value.translate(_ESCAPES)}"'


def expression(value: Expression) -> str:
    """An expression on one line."""
    match value:
        case Number():
            return number(value.value)
        case Boolean():
            return "true" if value.value else "false"
        case String():
            return string(value.value)
        case Reference():
            return value.name
        case List():
            return f"[{', '.join(map(expression, value.items))}]"
        case Call():
            return f"{value.function.text}({', '.join(map(_argument, value.arguments))})"
        case Index():
            return f"{value.base.text}[{value.index.text}]"
        case Product():
            return f"{expression(value.left)} * {expression(value.right)}"
        case Sum():
            return " + ".join(map(expression, value.terms))
        case Change():
            return " ".join(f"{'+' if term.added else '-'} {expression(term.modifier)}" for term in value.terms)
        case Map():
            return f"{{ {', '.join(f'{string(pair.key.value)} = {expression(pair.value)}' for pair in value.pairs)} }}"
        case _:
            assert_never(value)


def _argument(argument: Argument) -> str:
    value = expression(argument.value)
    return value if argument.name is None else f"{argument.name.text} = {value}"


def file(tree: File) -> str:
    """A whole file: the edition, the imports, then the declarations, a blank line between them."""
    parts = [] if tree.edition is None else [f"taxon {number(tree.edition.value)}\n"]
    if tree.imports:
        parts[-1:] = ["".join([*parts[-1:], *map(_import, tree.imports)])]
    return "\n".join([*parts, *map(declaration, tree.declarations)])


def _import(node: Import) -> str:
    target = node.target.text if isinstance(node.target, Path) else string(node.target.value)
    return f"import {target}\n"


def declaration(node: Declaration) -> str:
    """A declaration with its doc comment."""
    match node:
        case Algorithm():
            head = f"algorithm {node.name.text}"
            if node.parent is not None:
                head += f" extends {node.parent.text}"
            if node.mixins:
                head += f" with {', '.join(mixin.text for mixin in node.mixins)}"
        case Architecture():
            head = f"architecture {node.name.text}"
        case Study():
            head = f"study {node.name.text}"
        case Tune():
            head = f"tune {node.name.text}"
        case _:
            assert_never(node)
    return "".join(f"{line}\n" for line in (*_doc(node.doc), *_braces(head, node.entries)))


def entry(node: Entry | StudyEntry | TuneEntry) -> str:
    """One entry, over several lines where it is a block."""
    return "\n".join(_entry(node))


def _doc(text: str) -> Iterator[str]:
    if text:
        for line in text.split("\n"):
            yield f"/// {line}".rstrip()


def _braces(head: str, entries: Iterable[Entry | StudyEntry | TuneEntry]) -> Iterator[str]:
    lines = [_INDENT + line for node in entries for line in _entry(node)]
    if not lines:
        yield f"{head} {{}}"
        return
    yield f"{head} {{"
    yield from lines
    yield "}"


def _entry(node: Entry | StudyEntry | TuneEntry) -> Iterator[str]:
    match node:
        case Assignment():
            yield from _doc(node.doc)
            yield f"{node.path.text} = {expression(node.value)}"
        case Block():
            yield from _braces(node.path.text, node.entries)
        case Unset():
            yield f"unset {node.path.text}"
        case Allow():
            yield f"allow {node.code.text} {string(node.reason.value)}"
        case When():
            yield from _braces(f"when {node.subject.text} = {expression(node.value)}", node.entries)
        case Vary():
            name = "" if node.name is None else f"{node.name.text} = "
            yield f"vary {name}{node.path.text} in {expression(node.values)}"
        case Mixed():
            yield f"vary {node.name.text} with {expression(node.mixins)}"
        case Claim():
            yield from _doc(node.doc)
            yield f"claim {node.name.text} = {expression(node.value)}"
        case Search():
            yield f"search {node.path.text} in {expression(node.space)}"
        case Offered():
            yield f"search {node.name.text} with {expression(node.mixins)}"
        case _:
            assert_never(node)
