"""What tools of the laboratory show of a spec: its leaves, and what sets it apart from its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taxon.cli.specs.environments import actions_of
from taxon.semantics import load_spec, value_text
from taxon.semantics.differing import difference_page
from taxon.semantics.parents import parent_of
from taxon.taxonomy.schema import Row

if TYPE_CHECKING:
    from taxon.runtime.environments.recipe import Recipe


def leaves(row: Row) -> dict[str, str]:
    """Every path with its value."""
    return {path: value_text(row, path) for path in row.leaves}


def difference_to_parent(spec: str, row: Row, environment: Recipe, changed: bool) -> str:
    """What sets a row apart from what its spec extends, in words; from the spec itself where the command line has
    `changed` it and it extends nothing; empty where there is no such row."""
    parent = parent_of(spec) or (spec if changed else None)
    other = None if parent is None else load_spec(parent, env=environment.id, actions=actions_of(environment)).row
    return "" if other is None else difference_page(other, row)
