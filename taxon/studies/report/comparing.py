"""A study's claims and cells as a report needs them."""

from __future__ import annotations

from collections.abc import Mapping

from taxon.runtime.errors import UserError
from taxon.semantics.studies import Claim, Study
from taxon.studies.report.recorded import Key, Recorded, provenance
from taxon.studies.running.store import State
from taxon.studies.statistics.frozen import Cell


def subject(claim: Claim, study: Study) -> str:
    """What a claim is about: its factor, its step, or the study where it is about the whole ladder."""
    inside = claim.text.partition("(")[2].rpartition(")")[0]
    first = inside.partition(",")[0].strip()
    return study.name if not first or "=" in first else first


def levels(claim: Claim, study: Study) -> tuple[str, str]:
    """The two levels of its first factor that a claim compares, the one that is taken away first."""
    place = [factor.name for factor in study.factors].index(subject(claim, study))
    environment = study.environments[0]
    first = claim.differences[environment][0]
    there = [cell for cell in study.cells if cell.environment == environment and not cell.left_out]
    low, high = next(
        (low, high)
        for low in there
        for high in there
        if (low.hash, high.hash) == (first.low, first.high)
        and [at for at, (a, b) in enumerate(zip(low.levels, high.levels, strict=True)) if a != b] == [place]
    )
    return low.levels[place], high.levels[place]


def cells(recorded: Recorded, first: Mapping[Key, int]) -> dict[Key, Cell]:
    """The seeds that are done or frozen, of the first so many of each cell; a cell without one is left out.

    Raises UserError where a seed froze and the random policy, the floor of its score, was not measured.
    """
    found: dict[Key, Cell] = {}
    for (row, environment), every in recorded.seeds.items():
        seeds = [seed for seed in every[: first[row, environment]] if seed.state.complete]
        if not seeds:
            continue
        frozen = [seed.state is State.FROZEN for seed in seeds]
        if any(frozen) and environment not in recorded.random:
            message = f"a seed froze on {environment}, and the return of a random policy there was not measured"
            raise UserError(message, "run the study again: what is there stays, and what is missing is measured")
        scores = [seed.last if seed.state is State.FROZEN else seed.score for seed in seeds]
        found[row, environment] = Cell(
            [float("-inf") if score is None else score for score in scores],
            frozen,
            recorded.random.get(environment),
            provenance(seeds),
        )
    return found
