"""How a module is laid out: blank lines, lines that are too long, imports in order."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

Owner = TypeVar("Owner")
WIDTH = 120


class Line(NamedTuple, Generic[Owner]):
    """A line of a module, and who brought it."""

    text: str
    owner: Owner | None = None


def laid_out(lines: Iterable[Line[Owner]]) -> Iterator[Line[Owner]]:
    """One blank line inside a class, two around it, none at the start of a body; long calls over several lines."""
    blank, last = False, ""
    for line in lines:
        text = line.text.rstrip()
        if not text:
            blank = True
            continue
        indent = len(text) - len(text.lstrip())
        inner = len(last) - len(last.lstrip())
        nested = text.lstrip().startswith("def ") and last and not last.lstrip().startswith("#") and indent <= inner
        if (blank or nested) and last and not (last.endswith((":", "(", "{")) and not last.lstrip().startswith("#")):
            yield from (Line("") for _ in range(1 if indent else 2))
        for piece in broken(text):
            yield Line(piece, line.owner)
        blank, last = False, text


def broken(line: str) -> list[str]:
    """A long statement over several lines, as formatters break it."""
    code, _, comment = line.partition("  # ")
    if len(line) <= WIDTH or not set("([{") & set(code) or code.lstrip().startswith(("#", '"""')):
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    start, end = _outermost(code)
    tail = f"{code[end:]}{'  # ' + comment if comment else ''}"
    inside = code[start + 1 : end]
    if len(inside) + len(indent) + 4 <= WIDTH:
        return [code[: start + 1], f"{indent}    {inside}", indent + tail]
    parts = [f"{part}," for part in _parts(inside)]
    if len(parts) == 1 and _groups(code, start):
        parts = _operands(inside)  # a comma would make a tuple of it
    return [code[: start + 1], *(piece for part in parts for piece in broken(f"{indent}    {part}")), indent + tail]


def _outermost(code: str) -> tuple[int, int]:
    """The bracket that is broken: that of the arguments of a definition, else the last one."""
    if code.lstrip().startswith("def "):
        start = code.index("(")
        depth = 0
        for end in range(start, len(code)):
            depth += (code[end] in "([{") - (code[end] in ")]}")
            if depth == 0:
                return start, end
    end = max(code.rfind(bracket) for bracket in ")]}")
    depth = 0
    for start in range(end, -1, -1):
        depth += (code[start] in ")]}") - (code[start] in "([{")
        if depth == 0:
            return start, end
    return 0, end


def _groups(code: str, start: int) -> bool:
    """Whether a bracket is one around an expression, and no call's."""
    before = code[:start].rstrip()
    return code[start] == "(" and not (before[-1:].isalnum() or before[-1:] in ("_", ")", "]"))


def _operands(inside: str) -> list[str]:
    """The operands of an expression's last operation, each but the first after its operator."""
    for operators in ("+-", "*/"):
        places = [
            place
            for place, depth in _depths(inside)
            if not depth and inside[place] in operators and inside[place - 1 : place + 2 : 2] == "  "
        ]
        if places:
            ends = [*places[1:], len(inside)]
            return [inside[: places[0]].strip(), *(inside[a:b].strip() for a, b in zip(places, ends, strict=True))]
    return [inside]


def _parts(inside: str) -> list[str]:
    """The arguments of a call."""
    inside = inside.rstrip(",") + ","
    places = [place for place, depth in _depths(inside) if inside[place] == "," and not depth]
    return [inside[a:b].strip() for a, b in zip([0, *(place + 1 for place in places)], places, strict=False)]


def _depths(code: str) -> Iterator[tuple[int, int]]:
    """Every place of a code, and how many brackets are open there."""
    depth = 0
    for place, letter in enumerate(code):
        depth += (letter in "([{") - (letter in ")]}")
        yield place, depth


def order_imports(lines: Iterable[str]) -> str:
    """Import statements, one name each, as linters sort them: standard library, others, ours; names merged."""
    modules: dict[str, list[str]] = {}
    for line in lines:
        head, _, name = line.partition(" import ") if line.startswith("from") else (line, "", "")
        modules.setdefault(head, []).append(name)
    groups: list[list[str]] = [[], [], []]
    for head in sorted(modules, key=lambda head: (head.startswith("from"), head.lower())):
        root = head.split()[1].partition(".")[0]
        group = 0 if root in sys.stdlib_module_names else 2 if root == "taxon" else 1
        groups[group].append(_statement(head, modules[head]))
    return "\n\n".join("\n".join(group) for group in groups if group)


def _statement(head: str, names: list[str]) -> str:
    if names == [""]:
        return head
    # constants, classes, functions
    ordered = sorted(
        names, key=lambda name: (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)
    )
    line = f"{head} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return line
    return f"{head} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"
