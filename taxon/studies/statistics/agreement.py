"""One verdict from three ways of counting frozen seeds: theirs if they agree, else that it depends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from taxon.studies.statistics.expectation import Verdict
from taxon.studies.statistics.frozen import Frozen, Treatment
from taxon.studies.statistics.reading import Findings
from taxon.studies.statistics.results import Finding

COUNTED = {
    Treatment.FLOOR: "count as the floor",
    Treatment.LAST: "count as their last evaluation",
    Treatment.EXCLUDE: "are excluded",
}


def agreed(
    ways: Mapping[Treatment, Findings], failure: Treatment, frozen: Mapping[str, Frozen], study: Frozen
) -> Findings:
    """A claim's findings under `failure`, the study's own way, with verdicts that hold in all ways or depend on them.

    `frozen` counts the seeds of the claim that froze, by environment, and `study` those of all claims.
    """
    own = ways[failure]
    whole = total(frozen.values())
    these = {way: found.over_these for way, found in ways.items() if found.over_these is not None}
    like = {way: found.like_these for way, found in ways.items() if found.like_these is not None}
    return Findings(
        {
            name: _agreed({way: found.environments[name] for way, found in ways.items()}, failure, frozen[name], study)
            for name in own.environments
        },
        _agreed(these, failure, whole, study) if these else None,
        _agreed(like, failure, whole, study) if like else None,
    )


def silent(ways: Mapping[Treatment, Findings], failure: Treatment) -> list[str]:
    """Where a way has no test although the study's own has one: it has no say in the verdict."""
    own = ways[failure].environments
    return [
        f"{name}: {finding.reason} where frozen seeds {COUNTED[way]}"
        for way, findings in ways.items()
        for name, finding in findings.environments.items()
        if finding.p is None and own[name].p is not None
    ]


def total(counts: Iterable[Frozen]) -> Frozen:
    """How many of all seeds froze."""
    pairs = [(count.k, count.n) for count in counts]
    return Frozen(sum(k for k, _ in pairs), sum(n for _, n in pairs))


def _agreed(ways: Mapping[Treatment, Finding], failure: Treatment, frozen: Frozen, study: Frozen) -> Finding:
    own = ways[failure]
    if own.verdict is None:
        return replace(own, frozen=frozen)
    verdicts = {way: found.verdict for way, found in ways.items() if found.verdict and found.p is not None}
    if own.p is None or len(set(verdicts.values())) <= 1:
        return replace(own, frozen=frozen, by_treatment=verdicts)
    # without a frozen seed of its own it depends on those of another claim, through the correction
    return replace(
        own, verdict=Verdict.DEPENDS, needed=None, frozen=frozen if frozen.k else study, by_treatment=verdicts
    )
