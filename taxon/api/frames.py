"""Columns, and the data frames that a program's own library makes of them; taxon needs neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any, Literal

from taxon.errors import Error

Kind = Literal["pandas", "polars", "columns"]
Columns = dict[str, list[Any]]


def columns(lines: Iterable[Mapping[str, Any]]) -> Columns:
    """A column for every field of any line, with None where a line has no such field; those of all lines first."""
    rows = list(lines)
    names: dict[str, int] = {}
    for row in rows:
        for name in row:
            names[name] = names.get(name, 0) + 1
    ordered = sorted(names, key=lambda name: names[name] < len(rows))
    return {name: [row.get(name) for row in rows] for name in ordered}


def framed(found: Columns, kind: Kind | None) -> Any:
    """Columns as they are asked for; otherwise as what is installed, pandas before polars, and as they are without.

    Raises Error for what is none of the three, or is not installed.
    """
    if kind is None:
        kind = next((each for each in _LIBRARIES if find_spec(each) is not None), "columns")
    if kind == "columns":
        return found
    if kind not in _LIBRARIES:
        raise Error(
            f"there are no frames of the kind {kind!r}", 'write frame="pandas", frame="polars" or frame="columns"'
        )
    try:
        return _pandas(found) if kind == "pandas" else _polars(found)
    except ImportError:
        raise Error(f"{kind} is not installed", f'install {kind}, or take frame="columns"') from None


_LIBRARIES: tuple[Kind, ...] = ("pandas", "polars")


def _pandas(found: Columns) -> Any:
    import pandas

    return pandas.DataFrame(found)


def _polars(found: Columns) -> Any:
    import polars

    return polars.DataFrame(found, strict=False)
