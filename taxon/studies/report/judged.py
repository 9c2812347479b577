"""The claims of a study, judged on what there is of it: once, or at each look of an adaptive study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxon.runtime.errors import UserError
from taxon.semantics.studies import Seeds, Study
from taxon.studies.report.comparing import cells, claims, contributions, scale
from taxon.studies.report.recorded import Key, Recorded
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.frozen import Cell, Treatment
from taxon.studies.statistics.judge import judge
from taxon.studies.statistics.looks import unfinished
from taxon.studies.statistics.ranks import Ranks, ranks
from taxon.studies.statistics.results import Claim, ClaimResult

ALPHA = 0.05


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
    failure, looks = Treatment(study.failure), _looks(study)
    level, declared = ALPHA / len(looks), claims(study)
    found: list[ClaimResult] = []
    taken = 0
    for size in looks:
        waiting = unfinished(found) if taken else recorded.seeds.keys()
        whole = all(seed.state.complete for key in waiting for seed in recorded.seeds[key][:size])
        if taken and not (waiting and whole):
            break  # the look before stands: all is decided, or this one is yet to come
        found = judge(declared, cells(recorded, size), study.environments, scale(study), failure, level, earlier=found)
        if not whole:
            break
        taken += 1
    every = cells(recorded)
    steps: Sequence[Claim] = contributions(study)
    return Judged(
        every,
        found,
        [ranks(claim, every, study.environments, failure, level) for claim in declared],
        judge(steps, every, study.environments, scale(study), failure, ALPHA),
        failure,
        looks,
        taken,
    )


def _looks(study: Study) -> tuple[int, ...]:
    """The numbers of seeds at which all claims are looked at."""
    first: Seeds = max((run.seeds for run in study.runs), key=lambda seeds: len(seeds.looks))
    return first.looks
