"""The claims of a study, judged on what there is of it: once, or at each look of an adaptive study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxon.runtime.errors import UserError
from taxon.semantics.studies import Study
from taxon.studies.report.comparing import cells
from taxon.studies.report.recorded import Key, Recorded, Seed
from taxon.studies.running.evidence import claims, contributions
from taxon.studies.running.looks import ALPHA, OPEN
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.frozen import Cell, Treatment
from taxon.studies.statistics.judge import judge
from taxon.studies.statistics.looks import unfinished
from taxon.studies.statistics.ranks import Ranks, ranks
from taxon.studies.statistics.results import ClaimResult


@dataclass(frozen=True)
class Judged:
    """A study's results.

    cells: those that were judged. claims: the declared ones, in order; ranks: of each of them. steps: what each step of
    a ladder contributes, without a verdict. looks: how many of how many seeds a cell were looked at, `taken` of them.
    """

    cells: Mapping[Key, Cell]
    claims: Sequence[ClaimResult]
    ranks: Sequence[Ranks]
    steps: Sequence[ClaimResult]
    failure: Treatment
    looks: tuple[int, ...]
    taken: int


def judged(study: Study, recorded: Recorded) -> Judged:
    """Judge a study. Raises UserError where its numbers allow none of it."""
    try:
        return _judged(study, recorded)
    except StatisticsError as error:
        raise UserError(f"study {study.name}: {error}", "mend the study or its results") from None


def _judged(study: Study, recorded: Recorded) -> Judged:
    failure, units, declared = Treatment(study.failure), study.scale or None, claims(study)
    looks: dict[Key, tuple[int, ...]] = {(run.hash, run.environment): run.seeds.looks for run in study.runs}
    sizes = max(looks.values(), key=len)
    level = ALPHA / len(sizes)
    found: list[ClaimResult] = []
    taken = 0
    for look in range(len(sizes)):
        first = {key: own[min(look, len(own) - 1)] for key, own in looks.items()}
        waiting = unfinished(found) if taken else looks.keys()
        over = all(_over(recorded.seeds[key], first[key]) for key in waiting)
        if taken and not (waiting and over):
            break  # the look before stands: all is decided, or this one is yet to come
        found = judge(declared, cells(recorded, first), study.environments, units, failure, level, earlier=found)
        if not over:
            break
        taken += 1
    every = cells(recorded, {key: own[-1] for key, own in looks.items()})
    return Judged(
        every,
        found,
        [ranks(claim, every, study.environments, failure, level) for claim in declared],
        judge(contributions(study), every, study.environments, units, failure, ALPHA),
        failure,
        sizes,
        taken,
    )


def _over(seeds: Sequence[Seed], first: int) -> bool:
    """Whether a look at the first so many seeds need not wait for any; what failed stays out of it."""
    return len(seeds) >= first and not any(seed.state in OPEN for seed in seeds[:first])
