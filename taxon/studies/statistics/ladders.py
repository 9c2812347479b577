"""Ladders: what each of several changes contributes on the way from one row to another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from taxon.studies.statistics.comparison import Comparison
from taxon.studies.statistics.errors import StatisticsError

Changed = frozenset[str]
"""The changes that have been made: it names a row of a ladder."""


def admissible(changes: Sequence[str], refused: Collection[Changed] = ()) -> Iterator[tuple[str, ...]]:
    """All orders of the changes in which no row on the way is refused, in lexical order of their places."""
    done: Changed = frozenset(changes)

    def further(made: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if len(made) == len(done):
            yield made
        for change in changes:
            if change not in made and frozenset((*made, change)) not in refused:
                yield from further((*made, change))

    yield from further(())


def contributions(orders: Sequence[Sequence[str]]) -> dict[str, tuple[Comparison, ...]]:
    """For each change its rungs: the row with it and the row before it, weighted by how many of the orders have both.

    The sum over a change's comparisons is its Shapley value over these orders (Shapley 1953): exact where they are all
    the admissible ones, an estimate where they were drawn. One order alone gives the rungs of one walk.
    """
    if not orders:
        raise StatisticsError("no order of the changes leads through accepted rows")
    counted: dict[str, dict[Changed, int]] = {change: {} for change in orders[0]}
    for order in orders:
        if set(order) != set(counted) or len(order) != len(counted):
            raise StatisticsError("every order of a ladder makes the same changes, each once")
        for place, change in enumerate(order):
            before = frozenset(order[:place])
            counted[change][before] = counted[change].get(before, 0) + 1
    return {
        change: tuple(
            Comparison(before | {change}, before, count / len(orders), " + ".join(sorted(before)))
            for before, count in rungs.items()
        )
        for change, rungs in counted.items()
    }


def ends(changes: Sequence[str], refused: Collection[Changed] = ()) -> dict[str, tuple[Comparison, ...]]:
    """The cheap bracket: each change alone on the first row, and as the last one before the last row.

    The two have equal weights; where one of their rows is refused, the other one stands alone, and a change with
    neither is left out.
    """
    every: Changed = frozenset(changes)
    found = {}
    for change in changes:
        alone = Changed({change})
        pairs = [(alone, Changed(), "first"), (every, every - alone, "last")]
        kept = [pair for pair in pairs if pair[0] not in refused and pair[1] not in refused]
        found[change] = tuple(Comparison(on, off, 1 / len(kept), label) for on, off, label in kept)
    return {change: rungs for change, rungs in found.items() if rungs}
