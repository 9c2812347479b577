"""A claim's result as sentences, for the report and the terminal.

What is undecided is written as undecided, never as the absence of an effect.
"""

from __future__ import annotations

from collections.abc import Iterator

from taxon.studies.statistics import numbers, phrases
from taxon.studies.statistics.expectation import Verdict
from taxon.studies.statistics.ranks import Ranks
from taxon.studies.statistics.results import Claim, ClaimResult, Finding

# An interaction of more simple effects is written as its contrast and their range, like every average.
LISTED = 4


def sentences(result: ClaimResult, subject: str, shown: str | None = None, unit: str = "in scaled units") -> str:
    """`Clipped double Q, Hopper: +1412 [780, 2044] under KL control, ...`: effects, verdicts, aggregates.

    `subject` is what the claim's factor is called, `shown` the environment whose effects are written out (the first),
    and `unit` what follows a scaled number (`of SAC's score`).
    """
    return " ".join(_sentences(result, subject, shown or next(iter(result.environments)), unit))


def crossing(result: ClaimResult) -> str:
    """What the signs of an interaction's simple effects say about other scales; empty for all other claims."""
    sure = [name for name, found in result.crossings.items() if found.sure]
    some = [name for name, found in result.crossings.items() if found.crosses and not found.sure]
    if not result.crossings:
        return ""
    if not sure and not some:
        return "The simple effects do not differ in sign: on another scale the interaction can vanish."
    said = []
    if sure:
        where = numbers.listed(phrases.names(result, sure))
        said.append(f"The simple effects differ in sign on {where}: there the interaction remains on every scale.")
    if some:
        where = numbers.listed(phrases.names(result, some))
        said.append(f"Their estimates differ in sign on {where}, but not beyond their intervals.")
    return " ".join(said)


def improvement(found: Ranks, claim: Claim) -> str:
    """`Probability of improvement 0.79 [0.63, 0.95], mean of three environments.`; empty without scores."""
    if found.value is None:
        return ""
    number = len(found.environments)
    where = next(iter(found.environments)) if number == 1 else f"mean of {numbers.count(number)} environments"
    differs = any(pair.weight < 0 for pair in claim.comparisons)
    what = "Difference in the probability of improvement" if differs else "Probability of improvement"
    interval = "" if found.interval is None else f" [{found.interval[0]:.2f}, {found.interval[1]:.2f}]"
    return f"{what} {numbers.number(found.value, 2, sign=differs)}{interval}, {where}."


def _sentences(result: ClaimResult, subject: str, shown: str, unit: str) -> Iterator[str]:
    yield f"{subject}, {phrases.names(result, [shown])[0]}: {_effects(result, shown)}."
    if result.claim.expectation is None:
        yield "It was not declared before the runs: exploration, without a verdict."
    if len(result.environments) > 1:
        whole = "; ".join([*_counts(result, unit), *_aggregates(result, unit)])
        if whole:
            yield f"{result.claim.kind.capitalize()} {whole}."
        yield from _beside(result)
    if result.alpha != 0.05:
        yield f"Intervals cover {100 * (1 - result.alpha):g} %."


def _effects(result: ClaimResult, shown: str) -> str:
    """The simple effects on one environment, or the contrast where they are many; the verdict if there is one only."""
    claim, finding, effects = result.claim, result.environments[shown], result.simple[shown]
    contrast = phrases.estimate(finding)
    averaged = len(effects) > 1 and (len(effects) > LISTED or all(pair.weight > 0 for pair in claim.at(shown)))
    spread = result.spread(shown)
    if averaged and spread is not None:
        contrast += f" (from {numbers.alone(spread[0])} to {numbers.alone(spread[1])})"
    if len(result.environments) == 1 and finding.verdict is not None:
        contrast += f", {phrases.verdict(finding)}"
    if len(effects) == 1:
        label = claim.at(shown)[0].label
        return contrast if not label else f"under {label} {contrast}"
    if averaged:
        return contrast
    simple = ", ".join(
        phrases.estimate(effect) + (f" under {comparison.label}" if comparison.label else "")
        for effect, comparison in zip(effects, claim.at(shown), strict=True)
    )
    return f"{simple}. {claim.kind.capitalize()} {contrast}" if len(result.environments) == 1 else simple


def _counts(result: ClaimResult, unit: str) -> list[str]:
    """On how many environments each verdict holds, as one clause; none for exploration."""
    total = len(result.environments)
    delta = f"{result.claim.expectation.bound:g}" if result.claim.expectation is not None else ""
    if result.over_these is not None:
        delta = f"{delta} {unit}"
    parts: list[str] = []
    for kind in Verdict:
        where = result.where(kind)
        if not where:
            continue
        if len(where) == total:
            return [f"{phrases.word(kind, delta)} on all {total} environments"]
        number = f"{len(where)}" if parts else f"{len(where)} of {total} environments"
        names = "" if kind is Verdict.UNDECIDED else f" ({', '.join(phrases.names(result, where))})"
        parts.append(f"{phrases.word(kind, delta)} on {number}{names}")
    return [", ".join(parts)] if parts else []


def _aggregates(result: ClaimResult, unit: str) -> Iterator[str]:
    """A clause for each aggregate: its estimate and its verdict, unless it is confirmed, as its interval shows."""
    these, like = result.over_these, result.like_these
    if these is not None:
        number = numbers.count(len(result.environments))
        yield f"over these {number} {phrases.estimate(these)} {unit}{_ending(these)}"
    if like is not None:
        # what is undecided there would take more environments, not more seeds
        ending = ", undecided" if like.verdict is Verdict.UNDECIDED and like.reason is None else _ending(like)
        yield f"for environments like these {phrases.estimate(like)}{ending}"


def _ending(finding: Finding) -> str:
    match finding.verdict:
        case None | Verdict.CONFIRMED:
            return ""
        case Verdict.DEPENDS:
            return f"; this {phrases.verdict(finding)}"
        case _:
            return f", {phrases.verdict(finding)}"


def _beside(result: ClaimResult) -> Iterator[str]:
    """Where an effect that an interaction subtracts stands by itself: `EM control gains too on Ant and Humanoid.`"""
    if not result.crossings:
        return
    columns = [
        (comparison, {name: effects[place] for name, effects in result.simple.items()})
        for place, comparison in enumerate(result.claim.comparisons)
    ]
    too = any(_gains(effect, 1) for pair, found in columns if pair.weight > 0 for effect in found.values())
    for comparison, found in columns:
        if comparison.weight > 0 or not comparison.label:
            continue
        for sign, verb in ((1, "gains too" if too else "gains"), (-1, "loses")):
            where = [name for name, effect in found.items() if _gains(effect, sign)]
            if where:
                yield f"{comparison.label} {verb} on {numbers.listed(phrases.names(result, where))}."


def _gains(effect: Finding, sign: int) -> bool:
    return effect.adjusted is not None and effect.adjusted <= effect.alpha and sign * (effect.value or 0.0) > 0
