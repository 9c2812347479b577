"""What a search would run, before anything is run: `--dry-run`."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from taxon.semantics.tuning import summary
from taxon.studies.running.progress import Costs, duration
from taxon.studies.tuning.opened import Opened
from taxon.studies.tuning.telling import asked, count


def preview(opened: Opened, cores: int) -> Iterator[str]:
    """What is searched, what is there of it, and what the rest takes."""
    opened.look()
    search, settings = opened.search, opened.settings
    yield from summary(opened.tune)
    compiled = "compiled" if settings.compiled else "not compiled"
    evaluated = f"{settings.evaluation_episodes:,} episodes every {settings.evaluate_every:,} steps"
    yield f"  evaluated by {evaluated}; updates in {settings.precision}, {compiled}"
    yield f"so far: {count(opened.tune, search.trials, search.best(), 0).line()}"
    seconds = left(opened)
    if seconds is None:
        yield "core-hours: unknown, since no trial has run yet"
    else:
        yield f"core-hours: {seconds / 3600:,.1f} at most, {duration(seconds / cores)} on {cores} cores"


def left(opened: Opened) -> float | None:
    """Core-seconds that the trials take which are not settled, if none is stopped early; None where no trial has
    run."""
    tune, trials = opened.tune, opened.search.trials
    places = {unit.place: unit for trial in trials for unit in trial.units}
    costs = Costs(opened.store, places)
    costs.read()
    if not costs.known:
        return None
    open_ = asked(tune, trials) - sum(trial.settled for trial in trials)
    return open_ * len(tune.environments) * len(tune.seeds) * tune.steps * fmean(costs.known.values())
