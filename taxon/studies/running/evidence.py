"""From a study's claims and results to those of the statistics.

There a row has one name in all environments, and a claim compares the same rows in each. Here a row is known by its
hash, which `when env` may make another one from environment to environment: its name is all of its hashes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from taxon.runtime.errors import UserError
from taxon.semantics.studies import Claim, Study
from taxon.studies.running.plan import Plan
from taxon.studies.running.results import Result
from taxon.studies.running.units import Unit
from taxon.studies.statistics import results as judged
from taxon.studies.statistics.comparison import Comparison, Row
from taxon.studies.statistics.expectation import Above, Below, Expectation, Within
from taxon.studies.statistics.frozen import Cell

_EXPECTED: Mapping[str, type[Expectation]] = {"above": Above, "below": Below, "within": Within}


def claims(study: Study) -> list[judged.Claim]:
    """The claims of a study. Raises UserError where one does not compare the same in all environments."""
    return [
        judged.Claim(claim.name, _comparisons(claim, study), _EXPECTED[claim.relation](claim.margin), claim.kind)
        for claim in study.claims
    ]


def cells(
    plan: Plan, compared: Sequence[judged.Claim], found: Mapping[Unit, Result], random: Mapping[str, float]
) -> dict[tuple[Row, str], Cell]:
    """The scores of every row that claims compare, in every environment, by the rows' names.

    found: the results so far, of which those count that are complete. random: a random policy's returns.
    """
    names = {row for claim in compared for pair in claim.comparisons for row in (pair.on, pair.off)}
    by_place: dict[tuple[str, str], list[Result]] = {}
    for unit, result in sorted(found.items(), key=lambda each: each[0].seed):
        if result.state.complete:
            by_place.setdefault((unit.place.program.row, unit.place.environment), []).append(result)
    return {
        (name, environment): _cell(by_place[name[place], environment], random.get(environment))
        for name in names
        if isinstance(name, tuple)
        for place, environment in enumerate(plan.study.environments)
        if (name[place], environment) in by_place
    }


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


def _comparisons(claim: Claim, study: Study) -> tuple[Comparison, ...]:
    parts = [claim.differences.get(environment, ()) for environment in study.environments]
    first = parts[0]
    if any(
        [(each.given, each.weight) for each in part] != [(each.given, each.weight) for each in first] for part in parts
    ):
        message = f"the claim {claim.name} does not compare the same in all environments"
        raise UserError(message, "make studies of the environments in which it does")
    return tuple(
        Comparison(
            tuple(part[place].high for part in parts), tuple(part[place].low for part in parts), each.weight, each.given
        )
        for place, each in enumerate(first)
    )
