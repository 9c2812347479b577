"""The pages of the choices, one for each factor and each group of code-level paths: every path, what it takes, and each
choice with its equation, parameters and source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from taxon.derivation.formulas import formulas
from taxon.semantics.values import takes
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.catalogue import holds, parameters_of
from taxon.taxonomy.schema import LEVELS, Choice, Row, Slot
from writers.markdown import WRITTEN, anchor, code, contents, link, names, page, prose, sentence, table
from writers.needs import reasons

FOLDER = "choices"
INTRODUCTION = """\
Every path of the language, and behind it every choice that it takes, as `taxon doc PATH` and `taxon explain PATH` print
them. A parameter of a choice is a path below it; a modifier, which `+` adds to a base choice, has its own name in
between: `pi_q.update.samples`, `pi_q.update.trust_region.kl`. *Without effect where* lists why a path may have no part
in a row: set there, it is an error ([TX210](../codes/tx210.md)). Which choices go together is counted in
[the space of rows](../../space.md), and [paths](../paths.md) lists all paths with what they take."""

_HEADINGS = {"algorithm": "Algorithm", "implementation": "Implementation", "code": "Code"}
_OWN = {path for path, slot in SCHEMA.items() if slot.level != "code"}  # with a page to themselves


def pages(rows: Sequence[Row]) -> dict[str, str]:
    """The index and a page for each factor or group, by file name."""
    groups: dict[str, list[str]] = {}
    for path, slot in SCHEMA.items():
        if not slot.spread:
            groups.setdefault(home(path), []).append(path)
    first: dict[tuple[Choice, ...], str] = {}
    written = {f"{name}.md": _page(name, paths, rows, first) for name, paths in groups.items()}
    return {"index.md": _index(groups), **written}


def home(path: str) -> str:
    """The name of the page on which a path is described: its factor, or the group in which a code-level path stands."""
    parts = path.split(".")
    prefixes = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    own = next((name for name in prefixes if name in _OWN), None)
    described = next(name for name in prefixes if name in SCHEMA)
    return own or described.rpartition(".")[0] or described


def place(path: str) -> str:
    """Where a path of the schema, or a parameter with choices, is described: a page, or a heading of one."""
    name = home(path)
    return f"{name}.md" if path == name else f"{name}.md#{anchor(path)}"


def _index(groups: dict[str, list[str]]) -> str:
    parts: list[str] = []
    for level in LEVELS:
        rows = (
            [_linked(path), takes(slot), prose(slot.doc)]
            for path, slot in SCHEMA.items()
            if slot.level == level and not slot.spread
        )
        parts += [f"## {_HEADINGS[level]}", table(["path", "takes", "meaning"], rows)]
    parts += ["## Shared paths", "Setting one of these sets it for every network of the row."]
    shared = (
        [code(slot.name), prose(slot.doc), ", ".join(map(_linked, slot.spread))]
        for slot in SCHEMA.values()
        if slot.spread
    )
    parts.append(table(["path", "meaning", "sets"], shared))
    return page("Choices", INTRODUCTION, [*parts, contents(f"{name}.md" for name in groups)])


def _page(name: str, paths: Sequence[str], rows: Sequence[Row], first: dict[tuple[Choice, ...], str]) -> str:
    """first: the path at which choices that several paths take are described."""
    parts: list[str] = []
    for path in paths:
        parts += _slot(path, SCHEMA[path], rows, first, 1 if path == name else 2)
    head = [] if name in paths else [f"# `{name}`"]
    opening, *rest = [*head, *(part for part in parts if part)]
    return "\n\n".join([opening, WRITTEN, *rest]) + "\n"


def _linked(path: str) -> str:
    return link(path, place(path))


def _slot(
    path: str, slot: Slot, rows: Sequence[Row], first: dict[tuple[Choice, ...], str], depth: int, of: str = ""
) -> Iterator[str]:
    """The section of a path, and below it those of the parameters that are choices themselves.

    of: the choice whose parameter it is, where another choice has one of that name.
    """
    whose = f" of {code(of)}" if of else ""
    yield f"{'#' * min(depth, 4)} `{path}`{whose}"
    default = "" if slot.default is None else f" Default: {code(slot.default)}."
    modifiers = f" Modifiers: {names(choice.key for choice in slot.modifiers)}." if slot.modifiers else ""
    yield f"{sentence(slot.doc)}. Takes {takes(slot)}.{modifiers}{default}"
    if why := reasons(slot):
        yield "Without effect where: " + "; ".join(prose(reason) for reason in why) + "."
    if not slot.choices:
        return
    if slot.choices in first:
        yield f"The choices are those of {_linked(first[slot.choices])}."
        yield from _users(path, slot, rows)
        return
    first[slot.choices] = path
    for choice in slot.choices:
        yield f"{'#' * min(depth + 1, 4)} `{path} {'+' if choice.modifier else '='} {choice.key}`{whose}"
        yield from _choice(path, choice, rows)
    for choice in slot.choices:
        for parameter in choice.parameters:
            below = f"{parameters_of(path, choice)}.{parameter.name}"
            if parameter.choices and first.get(parameter.choices) != below:
                yield from _slot(
                    below, parameter, rows, first, depth + 1, choice.key if below in first.values() else ""
                )


def _choice(path: str, choice: Choice, rows: Sequence[Row]) -> Iterator[str]:
    printed = f" Table 1 prints {code(choice.term)}." if isinstance(choice.term, str) and choice.term else ""
    yield f"{sentence(choice.doc)}.{printed}"
    if choice.equation:
        yield formulas(choice)
    root = parameters_of(path, choice)
    yield table(
        ["parameter", "takes", "default", "meaning"],
        ([_parameter(root, slot), takes(slot), _default(slot), _meaning(slot)] for slot in choice.parameters),
    )
    lines = [f"- Source: {prose(choice.source)}."] if choice.source else []
    lines += [f"- Operator: {code(choice.operator)}."] if choice.operator else []
    users = [row.name for row in rows if holds(row, path, choice)]
    lines.append(f"- Used by {_specs(users)}." if users else "- Used by no shipped spec.")
    yield "\n".join(lines)


def _users(path: str, slot: Slot, rows: Sequence[Row]) -> Iterator[str]:
    """Which specs use which choice, of a path whose choices are described at another."""
    lines = []
    for choice in slot.choices:
        users = [row.name for row in rows if holds(row, path, choice)]
        lines += [f"- {code(choice.key)} is used by {_specs(users)}."] if users else []
    if lines:
        yield "\n".join(lines)


def _specs(users: Sequence[str]) -> str:
    return ", ".join(link(name, f"../specs/{name}.md") for name in users)


def _parameter(root: str, slot: Slot) -> str:
    path = f"{root}.{slot.name}"
    return link(slot.name, place(path)) if slot.choices else code(slot.name)


def _default(slot: Slot) -> str:
    return "required" if slot.default is None else code(slot.default)


def _meaning(slot: Slot) -> str:
    why = "; ".join(prose(reason) for reason in reasons(slot))
    return prose(slot.doc) + (f". Without effect where: {why}" if why and not slot.choices else "")
