"""From a study's claims and results to those of the statistics: a row is named by its hash.

What a claim compares may have other rows from environment to environment: by `when env`, or where a walk leads through
others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from taxon.semantics.studies import Claim, Difference, Rung, Study
from taxon.semantics.studies.model import Differences
from taxon.studies.running.results import Result
from taxon.studies.running.units import Unit
from taxon.studies.statistics import results as judged
from taxon.studies.statistics.comparison import Comparison, Row
from taxon.studies.statistics.expectation import Above, Below, Expectation, Within
from taxon.studies.statistics.frozen import Cell

_EXPECTED: Mapping[str, type[Above | Below | Within]] = {"above": Above, "below": Below, "within": Within}
_NOUNS = {
    "effect": "effect",
    "main": "main effect",
    "interaction": "interaction",
    "rung": "contribution",
    "total": "total effect",
}


def claims(study: Study) -> list[judged.Claim]:
    """The claims that a study declares, in its order."""
    return [_claim(study, claim) for claim in study.claims]


def contributions(study: Study) -> list[judged.Claim]:
    """What each step of a ladder contributes, as exploration; one that is not taken everywhere is left out."""
    return [
        _contrast(study, rung.name, rung.differences, None, _NOUNS["rung"])
        for rung in study.rungs
        if _everywhere(study, rung)
    ]


def cells(found: Mapping[Unit, Result], random: Mapping[str, float]) -> dict[tuple[Row, str], Cell]:
    """The scores of every row in every environment.

    found: the results so far, of which those count that are complete. random: a random policy's returns.
    """
    by_place: dict[tuple[str, str], list[Result]] = {}
    for unit, result in sorted(found.items(), key=lambda each: each[0].seed):
        if result.state.complete:
            by_place.setdefault((unit.place.program.row, unit.place.environment), []).append(result)
    return {(row, name): _cell(results, random.get(name)) for (row, name), results in by_place.items()}


def _cell(results: Sequence[Result], random: float | None) -> Cell:
    versions: dict[str, set[str]] = {}
    for result in results:
        for what, value in result.versions:
            versions.setdefault(what, set()).add(value)
    return Cell(
        [math.nan if result.score is None else result.score for result in results],
        [result.frozen_at is not None for result in results],
        random,
        {what: frozenset(values) for what, values in versions.items()},
    )


def _claim(study: Study, claim: Claim) -> judged.Claim:
    expected = _EXPECTED[claim.relation](claim.margin)
    return _contrast(study, claim.name, claim.differences, expected, _NOUNS[claim.kind])


def _contrast(
    study: Study, name: str, differences: Differences, expected: Expectation | None, noun: str
) -> judged.Claim:
    compared = {where: tuple(_compared(study, differences[where])) for where in study.environments}
    usual = compared[study.environments[0]]
    elsewhere = {where: own for where, own in compared.items() if own != usual}
    return judged.Claim(name, usual, expected, noun, elsewhere)


def _compared(study: Study, differences: tuple[Difference, ...]) -> Iterator[Comparison]:
    """A comparison for each difference. Where one other factor is held, its level is enough of a label."""
    for each in differences:
        held = [factor.name for factor in study.factors if each.given.startswith(f"{factor.name} = ")]
        alone = len(study.factors) == 2 and len(held) == 1
        label = each.given.removeprefix(f"{held[0]} = ").removeprefix("std.") if alone else each.given
        if study.rungs and len(differences) == 1:
            label = ""  # the only place of a step is no condition
        yield Comparison(each.high, each.low, each.weight, label)


def _everywhere(study: Study, rung: Rung) -> bool:
    return all(rung.differences.get(name) for name in study.environments)
