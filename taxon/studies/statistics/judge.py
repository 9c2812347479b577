"""From the scores of a study to the results of its claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taxon.studies.statistics.agreement import agreed, silent, total
from taxon.studies.statistics.comparison import Row
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.frozen import Cell, Frozen, Treatment
from taxon.studies.statistics.moments import Moments
from taxon.studies.statistics.reading import read
from taxon.studies.statistics.results import Claim, ClaimResult
from taxon.studies.statistics.scale import Scale
from taxon.studies.statistics.simple import crossings, effects

Key = tuple[Row, str]


def judge(
    claims: Sequence[Claim],
    cells: Mapping[Key, Cell],
    environments: Sequence[str],
    scale: Scale | None = None,
    failure: Treatment = Treatment.FLOOR,
    alpha: float = 0.05,
    earlier: Sequence[ClaimResult] = (),
) -> list[ClaimResult]:
    """The result of each claim, in their order.

    `cells` are keyed by row and environment; one that is missing counts as not yet run. Holm's correction goes over all
    claims that have an expectation. `failure` is how frozen seeds count in the estimates; every verdict is computed in
    all three ways. `earlier` are the results of the look before, whose decided findings stay.

    StatisticsError: two claims of one name, no environment, a scale that lacks one, scores that are NaN, a frozen seed
    without a random policy's return.
    """
    if not environments or len({claim.name for claim in claims}) < len(claims):
        raise StatisticsError("a study has environments, and claims of different names")
    compared = {
        (row, name)
        for claim in claims
        for name in environments
        for pair in claim.at(name)
        for row in (pair.on, pair.off)
    }
    cells = {key: cell for key, cell in cells.items() if key in compared}
    counts = {key: Frozen(int(cell.marks.sum()), len(cell.scores)) for key, cell in cells.items()}
    ways = [*Treatment] if any(count.k for count in counts.values()) else [failure]
    moments = {way: {key: Moments.of(cell.treated(way)) for key, cell in cells.items()} for way in ways}
    before = {result.claim.name: result for result in earlier}
    found = {way: read(claims, moments[way], environments, scale, alpha, before) for way in ways}
    results = []
    for place, claim in enumerate(claims):
        by_way = {way: found[way][place] for way in ways}
        frozen = {key: count for key, count in counts.items() if key[0] in claim.weights_at(key[1])}
        by_environment = {
            name: total(count for key, count in frozen.items() if key[1] == name) for name in environments
        }
        findings = agreed(by_way, failure, by_environment, total(counts.values()))
        results.append(
            ClaimResult(
                claim=claim,
                alpha=alpha,
                failure=failure,
                environments=findings.environments,
                over_these=findings.over_these,
                like_these=findings.like_these,
                simple=effects(claim, moments[failure], environments, alpha),
                crossings=crossings(claim, moments[failure], environments, alpha),
                frozen=frozen,
                warnings=(*silent(by_way, failure), *_versions(claim, cells)),
            )
        )
    return results


def _versions(claim: Claim, cells: Mapping[Key, Cell]) -> list[str]:
    """What the runs of a claim should have had in common and had not."""
    found: dict[str, set[str]] = {}
    for (row, name), cell in cells.items():
        if row in claim.weights_at(name):
            for what, values in cell.versions.items():
                found.setdefault(what, set()).update(values)
    return [
        f"{what} differs between the runs of this claim: {', '.join(sorted(values))}"
        for what, values in found.items()
        if len(values) > 1
    ]
