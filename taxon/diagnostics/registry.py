"""The codes of all parts of the checker, for `taxon explain`."""

from __future__ import annotations

from collections.abc import Iterable

from taxon.diagnostics.model import Code


def by_id(codes: Iterable[Code]) -> dict[str, Code]:
    """The codes by their ids, in order. Raises ValueError if two different codes share an id."""
    found: dict[str, Code] = {}
    for code in codes:
        if found.setdefault(code.id, code) != code:
            raise ValueError(f"two codes are called {code.id}: {found[code.id].title!r} and {code.title!r}")
    return dict(sorted(found.items()))
