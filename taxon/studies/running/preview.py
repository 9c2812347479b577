"""What a study would run, before anything is run: `--dry-run`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from taxon.semantics.studies import summary
from taxon.studies.running.plan import Plan
from taxon.studies.running.progress import Costs, duration
from taxon.studies.running.store import Found, State
from taxon.studies.running.units import Unit
from taxon.studies.statistics import power

_WORDS = {
    State.DONE: "there already",
    State.FROZEN: "there already, frozen †",
    State.UNFINISHED: "to be continued",
    State.MISSING: "to be made",
    State.STALE: "stale: made by another version of taxon",
    State.FAILED: "failed before, to be tried again",
    State.BROKEN: "broken: `taxon study status` says where",
}


def preview(plan: Plan, found: Mapping[Unit, Found], costs: Costs, cores: int) -> Iterator[str]:
    """The grid, what is there of it, what the rest takes, and what it can show."""
    yield from summary(plan.study)
    yield from _refused(plan)
    settings = plan.settings
    compiled = "compiled" if settings.compiled else "not compiled"
    evaluated = f"{settings.evaluation_episodes:,} episodes every {settings.evaluate_every:,} steps"
    yield f"  evaluated by {evaluated}; updates in {settings.precision}, {compiled}"
    states = Counter(each.state for each in found.values())
    yield "runs:"
    yield from (f"  {states[state]:,} {words}" for state, words in _WORDS.items() if states[state])
    yield _cost(found, costs, cores)
    yield from _power(plan)


def _refused(plan: Plan) -> Iterator[str]:
    for cell in plan.study.cells:
        if cell.left_out:
            yield f"  left out: {cell.name} on {cell.environment}: {cell.left_out}"


def _cost(found: Mapping[Unit, Found], costs: Costs, cores: int) -> str:
    left = costs.left(found)
    if left is None:
        return "core-hours: unknown, since the store has no speed of a run like these yet; --probe measures it"
    places = {unit.place for unit in found}
    known, probed = places & costs.known.keys(), places & (costs.probed.keys() - costs.known.keys())
    said = f"as {len(known)} of {len(places)} kinds of runs took"
    said += f", and {len(probed)} of them take by a short measurement" if probed else ""
    return f"core-hours: {left / 3600:,.1f} ({said}), {duration(left / cores)} on {cores} cores"


def _power(plan: Plan) -> Iterator[str]:
    """How large an effect is likely to be found, in standard deviations of a cell's seeds."""
    seeds = min((run.seeds.most for run in plan.study.runs), default=0)
    if seeds < 2:
        yield "power: none, with one seed a cell"
        return
    yield f"power with {seeds} seeds a cell, of an effect of so many standard deviations between seeds:"
    yield "  " + " " * 14 + "".join(f"{ratio:>7g}" for ratio in power.RATIOS)
    for kind, cells in (("simple effect", power.SIMPLE), ("interaction", power.INTERACTION)):
        chances = "".join(f"{power.power(ratio, seeds, cells):>7.0%}" for ratio in power.RATIOS)
        yield f"  {kind:<14}{chances}"
    yield "seeds a cell that find it with 80 %:"
    for kind, needed in power.table().items():
        yield f"  {kind:<14}" + "".join(f"{needed[ratio]:>7}" for ratio in power.RATIOS)
