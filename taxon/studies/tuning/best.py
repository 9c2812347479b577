"""The best row of a search as a spec that extends its base."""

from __future__ import annotations

from pathlib import Path

from taxon.runtime.errors import UserError
from taxon.semantics import load_spec, row_hash
from taxon.semantics.tuning import Tune
from taxon.semantics.tuning.writing import written
from taxon.studies.running.store import make_folder
from taxon.studies.tuning.search import Search
from taxon.studies.tuning.telling import found


def name(tune: Tune) -> str:
    """What the algorithm is called, and its file but for the ending."""
    return f"{tune.name}_best"


def write_best(search: Search, out: Path) -> tuple[Path, str] | None:
    """Write the best row so far into a folder: the file and its text; None where no trial has a score.

    It is held against the row that was run. Raises UserError where that is another one.
    """
    best, tune = search.best(), search.tune
    if best is None:
        return None
    folder = make_folder(out)
    path = folder.path / f"{name(tune)}.tx"
    text = written(tune, best.values, name(tune), found(tune, search.trials, best), folder.path)
    for unit in best.units[: len(tune.environments)]:
        target = tune.target(unit.place.environment)
        resolution = load_spec(path, env=target.env, actions=target.actions, texts={path: text})
        hashed = None if resolution.row is None else row_hash(resolution.row)
        if hashed != unit.place.program.row:
            message = f"the row of trial {best.number} on {unit.place.environment} is not what extends {tune.base}"
            raise UserError(message, f"take it from {unit.place.key}/spec.tx in the store")
    folder.write(path.name, text.encode())
    return path, text
