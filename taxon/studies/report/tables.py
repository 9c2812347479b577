"""The tables of a report as plain text: what the page and the .tex files have in common."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from taxon.semantics.studies import Study
from taxon.studies.report.judged import Judged
from taxon.studies.report.recorded import Recorded
from taxon.studies.report.variants import Variant
from taxon.studies.statistics import bootstrap, numbers, phrases, summaries
from taxon.studies.statistics.frozen import Cell, Frozen, Treatment
from taxon.studies.statistics.moments import Moments
from taxon.studies.statistics.results import ClaimResult
from taxon.studies.statistics.scale import scaled
from taxon.studies.statistics.student import Floats

NONE = "\N{EN DASH}"


@dataclass(frozen=True)
class Table:
    """A table; its first column names the rows. notes: what its marks mean."""

    name: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def scores(study: Study, found: Sequence[Variant], judged: Judged, recorded: Recorded) -> Table:
    """Mean and standard deviation over seeds of each row on each environment."""
    rows = [
        [
            variant.label,
            *(_entry(judged, variant, name, recorded) for name in study.environments),
        ]
        for variant in found
    ]
    if recorded.random:
        floors = (recorded.random.get(name) for name in study.environments)
        rows.append(["random policy", *(NONE if floor is None else _number(floor, 3) for floor in floors)])
    most = max((run.seeds.most for run in study.runs), default=0)
    notes = [f"Mean ± standard deviation over {most} seeds; where there are fewer, n says how many."]
    if any(cell.dagger for cell in judged.cells.values()):
        notes.append(f"† k/n seeds froze; they {_counted(judged.failure)}.")
    return Table("scores", f"Scores: {study.score} of the undiscounted return", ["", *study.environments], rows, notes)


def aggregates(study: Study, found: Sequence[Variant], judged: Judged) -> Table | None:
    """Summaries over all environments in scaled units, of the rows that have scores on each; None without a scale."""
    kinds: dict[str, Callable[..., Any]] = {
        "mean": summaries.mean,
        "median": summaries.median,
        "interquartile mean": summaries.interquartile_mean,
        "optimality gap": summaries.optimality_gap,
    }
    rows = [
        [label, *(_summary(statistic, own) for statistic in kinds.values())]
        for label, own in in_scale(study, found, judged).items()
    ]
    if not rows:
        return None
    note = "Scores are (score - low) / (high - low) by the study's scale; intervals of 95 % by a stratified bootstrap."
    return Table("aggregates", "Summaries over all environments, in scaled units", ["", *kinds], rows, [note])


def in_scale(study: Study, found: Sequence[Variant], judged: Judged) -> dict[str, list[Floats]]:
    """The scaled scores of each row that has some on every environment, by its label; empty without a scale."""
    whole = {}
    for variant in found if study.scale else ():
        own = [judged.cells.get(variant.key(name)) for name in study.environments]
        treated = [cell.treated(judged.failure) for cell in own if cell is not None]
        if len(treated) == len(study.environments) and all(map(len, treated)):
            whole[variant.label] = scaled(treated, study.environments, study.scale)
    return whole


def verdicts(results: Iterable[ClaimResult]) -> Table | None:
    """Each claim on each environment and over all of them; None where nothing is claimed."""
    rows = []
    for result in results:
        named = zip(phrases.names(result, result.environments), result.environments.values(), strict=True)
        findings = [*named, ("these environments", result.over_these), ("environments like these", result.like_these)]
        for place, (where, finding) in enumerate((name, each) for name, each in findings if each is not None):
            verdict = "" if finding.verdict is None else finding.verdict.value
            p = (
                NONE
                if finding.adjusted is None
                else numbers.probability(finding.adjusted).removeprefix("p ").removeprefix("= ")
            )
            rows.append(["" if place else result.claim.name, where, phrases.estimate(finding), p, verdict])
    if not rows:
        return None
    notes = ["By environment in units of the return; over environments in scaled units."]
    return Table("claims", "Claims", ["claim", "on", "estimate", "p by Holm", "verdict"], rows, notes)


def frozen(study: Study, found: Sequence[Variant], judged: Judged, recorded: Recorded) -> Table | None:
    """How often seeds froze, with Wilson's interval, and why; None where none did."""
    rows, notes = [], []
    for variant in found:
        for name in study.environments:
            cell = judged.cells.get(variant.key(name))
            if cell is not None and cell.marks.any():
                count = _frozen(cell)
                low, high = count.interval or (0.0, 1.0)
                rows.append([variant.label, name, f"{count.k}/{count.n}", f"[{low:.2f}, {high:.2f}]"])
                counted = [seed for seed in recorded.seeds[variant.key(name)] if seed.state.complete][: count.n]
                causes = Counter(seed.cause for seed in counted if seed.cause)
                notes += [f"{variant.label}, {name}: {cause} ({number}/{count.k})." for cause, number in causes.items()]
    head = ["", "environment", "frozen", "probability, 95 %"]
    return Table("frozen", "Frozen seeds †", head, rows, notes) if rows else None


def _entry(judged: Judged, variant: Variant, environment: str, recorded: Recorded) -> str:
    """`3013 ± 602`, `301 ± 12 † 2/10`, `12 ± 3 (n = 4)`."""
    cell = judged.cells.get(variant.key(environment))
    if cell is None:
        return NONE
    moments = Moments.of(cell.treated(judged.failure))
    if moments.mean is None:
        shown = "-inf" if moments.n else NONE
    elif moments.variance is None:
        shown = _number(moments.mean, 3)
    else:
        deviation = math.sqrt(moments.variance)
        places = _places(deviation)
        shown = f"{numbers.number(moments.mean, places)} ± {numbers.number(deviation, places)}"
    count = _frozen(cell)
    shown += f" † {count.k}/{count.n}" if count.k else ""
    planned = len(recorded.seeds[variant.key(environment)])
    return shown if len(cell.scores) == planned else f"{shown} (n = {len(cell.scores)})"


def _summary(statistic: Callable[..., Any], scores: Sequence[Floats]) -> str:
    value, bounds = float(statistic(scores)), bootstrap.interval(statistic, [scores])
    if not math.isfinite(value):
        return "-inf"
    return f"{value:.2f}" + ("" if bounds is None else f" [{bounds[0]:.2f}, {bounds[1]:.2f}]")


def _frozen(cell: Cell) -> Frozen:
    return Frozen(int(cell.marks.sum()), len(cell.scores))


def _counted(failure: Treatment) -> str:
    return {
        Treatment.FLOOR: "count as the lesser of their last evaluation and a random policy's return",
        Treatment.LAST: "count as their last evaluation",
        Treatment.EXCLUDE: "are excluded",
    }[failure]


def _places(deviation: float) -> int:
    """Decimals that leave a deviation two significant digits, none of one above ten."""
    return min(6, max(0, 1 - math.floor(math.log10(deviation)))) if deviation > 0 else 2


def _number(value: float, digits: int) -> str:
    return numbers.number(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0)
