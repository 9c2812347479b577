"""Rows of shipped specs and examples, each resolved once: a dozen files of tests are made of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from taxon.semantics import load_spec
from taxon.semantics.loading import shipped_names
from taxon.taxonomy.schema import Row

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / "specs").glob("*.tx"), *(ROOT / "examples").glob("*.tx")])


@cache
def row(path: Path, actions: str | None = None) -> Row | None:
    """The row of a file before an environment of these actions; None where there is none."""
    return load_spec(path, actions=actions).row


def shipped_rows() -> dict[str, Row]:
    """Every shipped algorithm by its name."""
    rows = {name: row(ROOT / "specs" / f"{name}.tx") for name in sorted(shipped_names())}
    return {name: found for name, found in rows.items() if found is not None}
