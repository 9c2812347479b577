"""trials.csv: a line for each trial, which follows from the journal and the runs alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from taxon.semantics.tuning import Tune
from taxon.studies.tuning.trial import Trial

FILE = "trials.csv"


def table(tune: Tune, trials: Sequence[Trial]) -> str:
    """The text: a number is written with all its digits, what is not there is empty."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    names = [dimension.name for dimension in tune.dimensions]
    writer.writerow(["trial", *names, "state", "score", "low", "high", "pruned_at", "frozen", "why"])
    for trial in trials:
        interval = None if trial.estimate is None else trial.estimate.interval()
        numbers = [trial.score, *((None, None) if interval is None else interval)]
        shown = ["" if number is None else repr(float(number)) for number in numbers]
        values = [trial.values[name] for name in names]
        at = "" if trial.at is None else trial.at
        writer.writerow([trial.number, *values, trial.state.value, *shown, at, trial.frozen, trial.why])
    return written.getvalue()
