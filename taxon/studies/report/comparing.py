"""A study's claims as contrasts of the statistics, and its runs as their cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from taxon.runtime.errors import UserError
from taxon.semantics.studies import Claim, Difference, Rung, Study
from taxon.studies.report.recorded import Key, Recorded, provenance
from taxon.studies.running.store import State
from taxon.studies.statistics import results
from taxon.studies.statistics.comparison import Comparison
from taxon.studies.statistics.expectation import Above, Below, Expectation, Within
from taxon.studies.statistics.frozen import Cell
from taxon.studies.statistics.scale import Scale

NOUNS = {
    "effect": "effect",
    "main": "main effect",
    "interaction": "interaction",
    "rung": "contribution",
    "total": "total effect",
}
EXPECTED: dict[str, type[Above | Below | Within]] = {"above": Above, "below": Below, "within": Within}


def claims(study: Study) -> list[results.Claim]:
    """The claims that the study declares, in its order; rows are named by their hashes."""
    return [_claim(study, claim) for claim in study.claims]


def contributions(study: Study) -> list[results.Claim]:
    """What each step of a ladder contributes, as exploration; a step that was not taken everywhere is left out."""
    return [_contrast(study, rung.name, rung.differences, None, NOUNS["rung"]) for rung in whole(study)]


def whole(study: Study) -> list[Rung]:
    """The steps of a ladder that were taken in each environment."""
    return [rung for rung in study.rungs if all(rung.differences.get(name) for name in study.environments)]


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


def cells(recorded: Recorded, first: int | None = None) -> dict[Key, Cell]:
    """The seeds that are done or frozen, of all or of the first so many; a cell without one is left out.

    Raises UserError where a seed froze and the random policy, the floor of its score, was not measured.
    """
    found: dict[Key, Cell] = {}
    for (row, environment), all_seeds in recorded.seeds.items():
        seeds = [seed for seed in all_seeds[:first] if seed.state.complete]
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


def scale(study: Study) -> Scale | None:
    """The study's scale, None where it declares none."""
    return study.scale or None


def _claim(study: Study, claim: Claim) -> results.Claim:
    expected = EXPECTED[claim.relation](claim.margin)
    return _contrast(study, claim.name, claim.differences, expected, NOUNS[claim.kind])


def _contrast(
    study: Study, name: str, differences: Mapping[str, tuple[Difference, ...]], expected: Expectation | None, noun: str
) -> results.Claim:
    by_environment = {name: tuple(_compared(study, differences[name])) for name in study.environments}
    usual = by_environment[study.environments[0]]
    elsewhere = {name: own for name, own in by_environment.items() if own != usual}
    return results.Claim(name, usual, expected, noun, elsewhere)


def _compared(study: Study, differences: tuple[Difference, ...]) -> Iterator[Comparison]:
    """A comparison for each difference. Where one other factor is held its level is enough of a label."""
    others = [factor.name for factor in study.factors]
    for each in differences:
        held = [name for name in others if each.given.startswith(f"{name} = ")]
        alone = len(others) == 2 and len(held) == 1
        label = each.given.removeprefix(f"{held[0]} = ").removeprefix("std.") if alone else each.given
        if study.rungs and len(differences) == 1:
            label = ""  # one walk is no condition
        yield Comparison(each.high, each.low, each.weight, label)
