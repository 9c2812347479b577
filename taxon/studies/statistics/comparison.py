"""What a claim compares: rows in pairs, on and off, each pair with a weight. The contrast follows from them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

Row = Hashable
"""Whatever names a row: its levels, its hash, the set of changes that made it."""


@dataclass(frozen=True)
class Comparison:
    """One simple effect, mean of `on` less mean of `off`, and its weight in a claim; `label` says where it is taken."""

    on: Row
    off: Row
    weight: float = 1.0
    label: str = ""


def weights(comparisons: Iterable[Comparison]) -> dict[Row, float]:
    """The weight of each row's mean in sum weight (on - off); rows that cancel are left out."""
    total: dict[Row, float] = {}
    for comparison in comparisons:
        for row, sign in ((comparison.on, 1.0), (comparison.off, -1.0)):
            total[row] = total.get(row, 0.0) + sign * comparison.weight
    return {row: weight for row, weight in total.items() if abs(weight) > 1e-12}
