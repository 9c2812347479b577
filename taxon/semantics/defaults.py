"""The defaults of the schema, typed like any other value."""

from __future__ import annotations

from functools import cache

from taxon.diagnostics.source import Source
from taxon.semantics.typing_ import Typed, check
from taxon.syntax import parse, tree
from taxon.taxonomy.schema import Slot


@cache
def expression_of(text: str) -> tree.Expression | None:
    """Read one value in the language's own text; None where the text is no single value."""
    file, diagnostics = parse(Source("default", f"taxon 1\nalgorithm x {{ x = {text} }}\n"))
    entries = [entry for declaration in file.declarations for entry in declaration.entries]
    if diagnostics or len(entries) != 1 or not isinstance(entries[0], tree.Assignment):
        return None
    return entries[0].value


@cache
def default_of(slot: Slot) -> Typed | None:
    """What a slot holds where nothing sets it; None where the row must say.

    Raises:
        ValueError: the schema itself is wrong. No text of a user leads here; a test reads every default.
    """
    if slot.default is None:
        return None
    value = expression_of(slot.default)
    if value is None:
        raise ValueError(f"the default of `{slot.name}` is no value: {slot.default}")
    typed, diagnostics = check(value, slot, slot.name)
    if typed is None:
        raise ValueError(f"the default of `{slot.name}` is refused: {diagnostics[0].message}")
    return typed
