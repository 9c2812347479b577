"""A search in words: how far it is, what its trials came to, and how its best row was found."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from taxon.semantics.tuning import Tune
from taxon.semantics.tuning.expanding import said
from taxon.studies.running.progress import duration
from taxon.studies.statistics.estimate import Estimate
from taxon.studies.statistics.numbers import number
from taxon.studies.tuning.trial import State, Trial

_WIDTH = 112  # columns of a doc comment


@dataclass(frozen=True)
class Counts:
    """How many trials there are of each state, how many were asked for, and the best score."""

    trials: int
    settled: int
    running: int
    pruned: int
    failed: int
    refused: int
    stale: int
    best: str

    def line(self, left: float | None = None) -> str:
        """`12/50 trials · 2 running · 3 pruned · best 3120 (trial 7) · 2 h 5 min left`; left: seconds."""
        parts = [f"{self.settled:,}/{self.trials:,} trials"]
        parts += [f"{self.running:,} running"] if self.running else []
        named = (("pruned", self.pruned), ("failed", self.failed), ("refused", self.refused), ("stale", self.stale))
        parts += [f"{count:,} {name}" for name, count in named if count]
        parts += [f"best {self.best}"] if self.best else []
        parts += [f"{duration(left)} left"] if left is not None and self.settled < self.trials else []
        return " · ".join(parts)


def asked(tune: Tune, trials: Sequence[Trial]) -> int:
    """How many trials a search has in the end: what was proposed when more were asked for stays."""
    return max(tune.trials, len(trials))


def count(tune: Tune, trials: Sequence[Trial], best: Trial | None, running: int) -> Counts:
    """The counts of trials as they were found; running: how many are being run."""
    states = Counter(trial.state for trial in trials)
    return Counts(
        trials=asked(tune, trials),
        settled=sum(trial.settled for trial in trials),
        running=running,
        pruned=states[State.PRUNED],
        failed=states[State.FAILED],
        refused=states[State.REFUSED],
        stale=states[State.STALE],
        best="" if best is None or best.estimate is None else f"{score(best.estimate)} (trial {best.number})",
    )


def score(estimate: Estimate) -> str:
    """`3120 [2900, 3340]`, or the mean alone where seeds are too few for an interval."""
    interval, value = estimate.interval(), estimate.value or 0.0
    if interval is None:
        return number(value, 0 if abs(value) >= 100 else 2)
    places = max(0, math.ceil(math.log10(10 / (interval[1] - interval[0]))))
    return f"{number(value, places)} [{number(interval[0], places)}, {number(interval[1], places)}]"


def lines(trials: Sequence[Trial]) -> Iterator[str]:
    """A line for each trial."""
    width = len(str(len(trials)))
    for trial in trials:
        what = trial.state.value
        if trial.state is State.DONE and trial.estimate is not None:
            what = score(trial.estimate) + (f", {trial.frozen} frozen †" if trial.frozen else "")
        elif trial.state is State.PRUNED and trial.score is not None and trial.at is not None:
            what = f"pruned at {trial.at:,} steps with {number(trial.score, 0 if abs(trial.score) >= 100 else 2)}"
        why = f": {trial.why}" if trial.why else ""
        yield f"  {trial.number:>{width}}  {said(trial.values)}: {what}{why}"


def data(tune: Tune, trials: Sequence[Trial], best: Trial | None) -> dict[str, object]:
    """A search for a program."""
    return {
        "format_version": 1,
        "tune": tune.name,
        "asked": tune.trials,
        "best": None if best is None else best.number,
        "trials": [
            {
                "trial": trial.number,
                "values": dict(trial.values),
                "state": trial.state.value,
                "score": trial.score,
                "interval": None if trial.estimate is None else trial.estimate.interval(),
                "pruned_at": trial.at,
                "frozen": trial.frozen,
                "why": trial.why,
            }
            for trial in trials
        ],
    }


def found(tune: Tune, trials: Sequence[Trial], best: Trial) -> list[str]:
    """How the best row was found, as lines of a doc comment."""
    settled = sum(trial.settled for trial in trials)
    pruned = sum(trial.state is State.PRUNED for trial in trials)
    seeds = f"seed {tune.seeds[0]}" if len(tune.seeds) == 1 else f"seeds {tune.seeds[0]} to {tune.seeds[-1]}"
    stopped = f", {pruned:,} of them stopped early" if pruned else ""
    many = "the only trial" if settled == 1 else f"the best of {settled:,} trials{stopped}"
    scale = " of `scale`" if len(tune.environments) > 1 else ""
    interval = best.estimate is not None and best.estimate.interval() is not None
    shown = "" if best.estimate is None else score(best.estimate)
    chosen = "It was chosen for that, so it is likely to score less on other seeds: compare it on those."
    text = (
        f"Found by `tune {tune.name}`: trial {best.number}, {many}, proposed by {tune.sampler}, on "
        f"{', '.join(tune.environments)} with {tune.steps:,} steps of {seeds}. Its {tune.score}{scale}: {shown}"
        f"{', with the 95 % interval over seeds' if interval else ''}. {chosen}"
    )
    return wrap(text, _WIDTH)
