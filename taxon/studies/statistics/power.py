"""Power: how likely a study of so many seeds finds an effect, and how many seeds it takes."""

from __future__ import annotations

import math

from scipy import special

from taxon.studies.statistics import student
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.estimate import FEWEST

SIMPLE, INTERACTION = 2, 4
"""The cells of a simple effect and of an interaction, each of weight 1 or -1."""

RATIOS = (0.5, 0.75, 1.0, 1.5, 2.0)


def power(ratio: float, seeds: int, cells: int = SIMPLE, alpha: float = 0.05) -> float:
    """The power of the two-sided t test of a contrast of `cells` cells with weights +-1 and equal variances sigma^2.

    `ratio` is L / sigma and `seeds` at least 2 a cell: noncentral t with cells (seeds - 1) degrees of freedom and
    noncentrality ratio sqrt(seeds / cells) (Cohen 1988).
    """
    df = cells * (seeds - 1)
    shift = abs(ratio) * math.sqrt(seeds / cells)
    critical = float(student.quantile(1 - alpha / 2, df))
    return float(1 - special.nctdtr(df, shift, critical) + special.nctdtr(df, shift, -critical))


def required(ratio: float, cells: int = SIMPLE, alpha: float = 0.05, wanted: float = 0.8) -> int:
    """The fewest seeds a cell (3 at least) that give the power that is wanted."""
    if ratio == 0 or not 0 < wanted < 1:
        raise StatisticsError("seeds for a power between 0 and 1 are known for an effect other than 0")
    high = FEWEST
    while power(ratio, high, cells, alpha) < wanted:
        high *= 2
    low = max(FEWEST, high // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power(ratio, middle, cells, alpha) >= wanted else (middle + 1, high)
    return low


def table(alpha: float = 0.05, wanted: float = 0.8) -> dict[str, dict[float, int]]:
    """Seeds a cell by kind of contrast and L / sigma, as `--dry-run` prints them."""
    kinds = {"simple effect": SIMPLE, "interaction": INTERACTION}
    return {kind: {ratio: required(ratio, cells, alpha, wanted) for ratio in RATIOS} for kind, cells in kinds.items()}
