"""The comparisons of effects and interactions, found in the rows of a study by their levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from taxon.studies.statistics.comparison import Comparison, Row
from taxon.studies.statistics.errors import StatisticsError

Levels = Mapping[str, str]
"""The level of each factor."""

Pair = tuple[str, str]
"""Two levels of one factor: the effect is the second less the first."""


def effect(
    rows: Mapping[Row, Levels], factor: str, levels: Pair, at: Levels | None = None, name: str = "{}"
) -> tuple[Comparison, ...]:
    """The effect of `factor` where the factors of `at` have their levels, averaged over all others.

    Simple if `at` leaves one pair of rows, a main effect if it leaves several. A combination of the others that has
    only one of the two rows (the other one was excluded) is left out, since the two means would be of different rows.
    StatisticsError where no pair is left. A comparison's label has the levels of the other factors, written by `name`.
    """
    found: dict[tuple[tuple[str, str], ...], dict[str, Row]] = {}
    for row, own in rows.items():
        if own[factor] in levels and all(own[other] == level for other, level in (at or {}).items()):
            rest = tuple((other, level) for other, level in own.items() if other != factor)
            found.setdefault(rest, {})[own[factor]] = row
    pairs = {rest: pair for rest, pair in found.items() if len(pair) == 2}
    if not pairs:
        raise StatisticsError(f"no two rows differ in {factor} alone, {levels[0]} and {levels[1]}")
    off, on = levels
    return tuple(
        Comparison(pair[on], pair[off], 1 / len(pairs), ", ".join(name.format(level) for _, level in rest))
        for rest, pair in pairs.items()
    )


def interaction(
    rows: Mapping[Row, Levels],
    factor: str,
    levels: Pair,
    other: str,
    others: Pair,
    at: Levels | None = None,
) -> tuple[Comparison, ...]:
    """The effect of `factor` at the first of `others` less that at the second: (1, -1, -1, 1).

    So a claim `interaction(double, base, above = 0)` says that double gains more at the base that is listed first.
    """
    first, second = (effect(rows, factor, levels, {**(at or {}), other: level}) for level in others)
    return (*first, *(replace(comparison, weight=-comparison.weight) for comparison in second))
