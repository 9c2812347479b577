"""What the claims of a study are found to be under one way of counting frozen seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxon.studies.statistics.estimate import Estimate
from taxon.studies.statistics.estimation import Cells, Estimates, estimates
from taxon.studies.statistics.results import Claim, ClaimResult, Finding
from taxon.studies.statistics.scale import Scale, factor
from taxon.studies.statistics.verdicts import Question, by_claim, by_environment


@dataclass(frozen=True)
class Findings:
    """One claim: by environment, and its two aggregates, None where nothing is aggregated."""

    environments: Mapping[str, Finding]
    over_these: Finding | None
    like_these: Finding | None


def read(
    claims: Sequence[Claim],
    cells: Cells,
    environments: Sequence[str],
    scale: Scale | None,
    alpha: float,
    earlier: Mapping[str, ClaimResult],
) -> list[Findings]:
    """The findings of each claim, in their order; `earlier` by the claim's name."""
    found = {
        claim.name: estimates({name: claim.weights_at(name) for name in environments}, cells, scale) for claim in claims
    }
    declared = [claim for claim in claims if claim.expectation is not None]
    answers = dict(
        zip([claim.name for claim in declared], _answers(declared, found, scale, alpha, earlier), strict=True)
    )
    return [answers[claim.name] if claim.name in answers else _explored(found[claim.name], alpha) for claim in claims]


def _answers(
    claims: Sequence[Claim],
    found: Mapping[str, Estimates],
    scale: Scale | None,
    alpha: float,
    earlier: Mapping[str, ClaimResult],
) -> list[Findings]:
    """The findings of claims that have an expectation."""
    single: list[dict[str, Question]] = []
    these: list[Question] = []
    like: list[Question] = []
    for claim in claims:
        expected, own, before = claim.expectation, found[claim.name], earlier.get(claim.name)
        assert expected is not None
        single.append(
            {
                name: Question(
                    estimate,
                    expected if scale is None else expected.scaled(factor(scale, name)),
                    before.environments.get(name) if before else None,
                )
                for name, estimate in own.environments.items()
            }
        )
        if own.over_these is not None and own.like_these is not None:
            these.append(Question(own.over_these, expected, before.over_these if before else None))
            like.append(Question(own.like_these, expected, before.like_these if before else None))
    one_by_one = by_environment(single, alpha)
    if not these:
        return [Findings(one, None, None) for one in one_by_one]
    aggregates = zip(by_claim(these, alpha), by_claim(like, alpha), strict=True)
    return [Findings(one, *both) for one, both in zip(one_by_one, aggregates, strict=True)]


def _explored(found: Estimates, alpha: float) -> Findings:
    """What was not declared: intervals, and p against 0 as it is, without a verdict."""

    def finding(estimate: Estimate) -> Finding:
        return Finding(estimate, alpha, p=estimate.p())

    return Findings(
        {name: finding(estimate) for name, estimate in found.environments.items()},
        None if found.over_these is None else finding(found.over_these),
        None if found.like_these is None else finding(found.like_these),
    )
