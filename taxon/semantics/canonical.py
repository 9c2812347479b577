"""The canonical text of a row, with every leaf written out, and its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from taxon.semantics.layers import children
from taxon.syntax.printing import number
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.schema import LEVELS, Composition, Row, Slot, Value


def canonical(row: Row, schema: Mapping[str, Slot] = SCHEMA) -> str:
    """One text for one row: it parses and resolves to an equal row, whatever was extended to get there.

    Args:
        row: the row.
        schema: the slots, in the order in which they are written.
    """
    lines = ["taxon 1", ""]
    lines += [f"/// {line}".rstrip() for line in row.doc.splitlines()]
    lines.append(f"algorithm {row.name} {{")
    for heading in LEVELS:
        level = {path: slot for path, slot in schema.items() if slot.level == heading}
        entries = list(_entries(row, level))
        if entries:
            lines.append(f"  # {heading}")
            lines += [f"  {entry}" for entry in entries]
    lines.append("}")
    return "\n".join(lines) + "\n"


def row_hash(row: Row, schema: Mapping[str, Slot] = SCHEMA) -> str:
    """The SHA-256 of the canonical entries, in hexadecimal: names and documentation do not count."""
    return hashlib.sha256("\n".join(_entries(row, schema)).encode()).hexdigest()


def value_text(row: Row, path: str) -> str:
    """The value at a path as it is written, with all its parameters: `analytic(samples = 20) + trust_region(...)`."""
    leaf = row.leaves[path]
    return _text(leaf.value, leaf.slot, path, row)


def leaf_text(value: Value) -> str:
    """One leaf without what stands below it: `20`, `true`, `[256, 256]`, `analytic + trust_region`."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number(value)
        case tuple():
            return f"[{', '.join(map(number, value))}]"
        case Composition(base=base, modifiers=modifiers):
            return " + ".join((base, *modifiers))


def _entries(row: Row, schema: Mapping[str, Slot]) -> Iterator[str]:
    for path in schema:
        if path in row.leaves:
            yield f"{path} = {value_text(row, path)}"


def _text(value: Value, slot: Slot, path: str, row: Row) -> str:
    if not isinstance(value, Composition):
        return leaf_text(value)
    arguments: dict[str, list[str]] = {key: [] for key in (value.base, *value.modifiers)}
    for parameter, key in children(value, slot):
        below = f"{path}.{key}"
        if below in row.leaves:
            term = key.partition(".")[0] if "." in key else value.base
            text = _text(row.leaves[below].value, parameter, below, row)
            arguments[term].append(f"{parameter.name} = {text}")
    return " + ".join(f"{key}({', '.join(given)})" if given else key for key, given in arguments.items())
