"""From a row to the text of a Python module."""

from __future__ import annotations

from taxon.compiler.assemble import assemble
from taxon.compiler.printing.module import print_module
from taxon.taxonomy.schema import Row


def emit(row: Row) -> str:
    """The module of a row that `check_row` accepts: what `taxon emit` prints and `taxon run` executes.

    Raises:
        ContractError: a choice of the row has no block.
    """
    return print_module(assemble(row)).text
