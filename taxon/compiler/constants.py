"""The numbers of a row that get a name at the top of its module."""

from __future__ import annotations

from dataclasses import dataclass, field

from taxon.compiler.literals import number
from taxon.taxonomy.row import Row


@dataclass
class Constants:
    """Names, literals and comments, in the order in which they were asked for."""

    row: Row
    named: dict[str, tuple[str, str]] = field(default_factory=dict)

    def name(self, constant: str, path: str, comment: str) -> str:
        """Give the number at a path a name; returns the name."""
        self.named[constant] = (number(self.row.number(path)), comment)
        return constant
