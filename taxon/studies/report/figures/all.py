"""Which figures a study has: their names, what they show, and how each is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from taxon.figures.curves import Group, Panel, banded, curves
from taxon.figures.style import MOST, Draw
from taxon.runtime.folder.naming import file_name
from taxon.semantics.studies import Claim, Study
from taxon.studies.report.comparing import levels, subject
from taxon.studies.report.figures.forest import contributions, forest
from taxon.studies.report.figures.interactions import interactions
from taxon.studies.report.figures.profiles import profiles
from taxon.studies.report.judged import Judged
from taxon.studies.report.recorded import Recorded
from taxon.studies.report.tables import in_scale
from taxon.studies.report.variants import Variant
from taxon.studies.running.store import State
from taxon.studies.statistics.results import ClaimResult


@dataclass(frozen=True)
class Picture:
    """A figure: `name` is that of its files, `section` where the page has it, a claim's name or one of the below."""

    name: str
    section: str
    about: str
    draw: Draw


# Sections that no claim's name can be.
CURVES, PROFILES, LADDER = "curves of the study", "profiles of the study", "ladder of the study"


def pictures(study: Study, found: Sequence[Variant], judged: Judged, recorded: Recorded) -> Iterator[Picture]:
    """All figures of what there is."""
    for claim, result in zip(study.claims, judged.claims, strict=True):
        if any(finding.value is not None for finding in result.environments.values()):
            yield from _of_claim(study, claim, result, judged)
    panels = _panels(study, found, recorded)
    if panels:
        about = "Learning curves: mean over seeds"
        bands = banded(panels)
        about += " and its 95 % interval (t), from three seeds on." if bands else "; lines are too many for bands."
        if any(group.frozen for panel in panels for group in panel.groups):
            about += " † a seed froze there."
        if study.rungs:
            about += " The rows between the ends of the ladder are grey."
        elif len(found) > MOST:
            about += f" Rows beyond the first {MOST} are grey."
        yield Picture("curves", CURVES, about, partial(curves, panels))
    scores = in_scale(study, found, judged)
    if scores:
        about = "Performance profiles: the share of seeds with a larger score, the mean over environments."
        yield Picture("profiles", PROFILES, about, partial(profiles, scores))
    yield from _of_ladder(study, judged)


def _places(study: Study, found: Sequence[Variant]) -> list[int]:
    """The places that give lines their colours: of a ladder only both ends have one."""
    if not study.rungs:
        return [*range(len(found))]
    environment = study.environments[0]
    moves = [each for rung in study.rungs for each in rung.differences.get(environment, ())]
    highs, lows = Counter(each.high for each in moves), Counter(each.low for each in moves)
    start = max((row for row in lows if row not in highs), key=lambda row: lows[row], default="")
    end = max((row for row in highs if row not in lows), key=lambda row: highs[row], default="")
    known = {start: 0, end: 1}
    return [known.get(variant.hashes.get(environment, ""), MOST) for variant in found]


def _of_claim(study: Study, claim: Claim, result: ClaimResult, judged: Judged) -> Iterator[Picture]:
    sure, own = f"{100 * (1 - result.alpha):g} %", file_name(claim.name)
    about = f"{claim.name}: {result.claim.kind} with intervals of {sure}."
    if study.scale:
        about += " Beside each environment stands its contrast in units of the return."
    yield Picture(f"forest-{own}", claim.name, about, partial(forest, result, study.scale or None, result.claim.kind))
    if claim.kind == "interaction":
        factor, pair = subject(claim, study), levels(claim, study)
        about = f"{claim.name}: mean scores with intervals of {sure}, dots are seeds."
        draw = partial(interactions, result, judged.cells, judged.failure, factor, pair)
        yield Picture(f"interaction-{own}", claim.name, about, draw)


def _of_ladder(study: Study, judged: Judged) -> Iterator[Picture]:
    steps = judged.steps
    if not steps:
        return
    over = [None] if all(step.over_these is not None for step in steps) else []
    for place, environment in enumerate([*over, *study.environments]):
        where = "these environments" if environment is None else environment
        about = f"What each step contributes on {where}: 95 % intervals, and in grey the range over its places."
        draw = partial(contributions, steps, environment)
        yield Picture(f"ladder-{place + 1}", LADDER, about, draw)


def _panels(study: Study, found: Sequence[Variant], recorded: Recorded) -> list[Panel]:
    """A panel for each environment with curves; a variant has the same colour in all."""
    panels, places = [], _places(study, found)
    for name in study.environments:
        groups = []
        for place, variant in zip(places, found, strict=True):
            key = variant.key(name)
            if recorded.curves.get(key):
                frozen = {seed.number for seed in recorded.seeds[key] if seed.state is State.FROZEN}
                groups.append(Group(variant.label, recorded.curves[key], frozenset(frozen), place))
        if groups:
            panels.append(Panel(name, groups, recorded.random.get(name)))
    return panels
