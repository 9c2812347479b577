"""A run that may travel: one that has ended, belongs to its place, and has every evaluation that its record promises.

What is exported is held against this as what is imported is, so that no export is refused for what it was made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.logging import METRICS
from taxon.runtime.folder.run_folder import RunFolder
from taxon.studies.moving.lines import Evaluation, read, written
from taxon.studies.running import results
from taxon.studies.running.store import PLACE
from taxon.studies.running.units import Place

OTHER = "restore the folder from a copy"

Curve = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Whole:
    """A run that was found in order; metrics: its lines, made anew."""

    place: Place
    path: Path
    record: manifest.Manifest
    metrics: bytes
    curves: dict[int, Curve]


def whole(place: Place, run: RunFolder) -> Whole:
    """A run that ended, with all of its evaluations. Raises UserError where it is another's, or not whole."""
    record = manifest.read(run)
    path, settings = run.path / manifest.FILE, place.settings
    for what, value, own in (
        ("row", record.row, place.program.row),
        ("environment", record.recipe(), Recipe(place.environment)),
        ("evaluate_every", record.evaluate_every, settings.evaluate_every),
        ("evaluation_episodes", record.evaluation_episodes, settings.evaluation_episodes),
        ("precision", record.precision, settings.precision),
        ("compiled", bool(record.compiled) and not settings.compiled, False),
    ):
        if value != own:
            raise UserError(f"{path} belongs elsewhere: {what} is not that of {run.path.parent / PLACE}", OTHER)
    frozen = {int(seed): step for seed, step in record.frozen.items()}
    ended = record.status == "finished" and record.steps_done >= record.steps
    if not ended and not (record.status == "frozen" and frozen.keys() == {*record.seeds}):
        raise UserError(f"{path} is of a run that has not finished", "export it again when it has")
    try:
        lines, speed = read(run)
    except OSError as error:
        raise UserError(f"{run.path / METRICS} cannot be read: {error.strerror}", OTHER) from None
    curves = _curves(record, lines, place)
    asked = range(0, record.steps + 1, settings.evaluate_every)  # never a list: a stranger may say a trillion steps
    for seed, curve in curves.items():
        steps = [step for step, _ in curve]
        if seed in frozen:
            due = all(step <= frozen[seed] for step in steps)
        else:
            due = len(steps) == len(asked) and all(step in asked for step in steps)
        if not due:
            raise UserError(f"{run.path / METRICS} has not the evaluations of seed {seed}", OTHER)
    return Whole(place, run.path, record, written(lines, speed), curves)


def _curves(record: manifest.Manifest, lines: Sequence[Evaluation], place: Place) -> dict[int, Curve]:
    """The evaluations of each seed."""
    points: dict[int, list[tuple[int, object]]] = {seed: [] for seed in record.seeds}
    for line in lines:
        points.get(line.seed, []).append((line.step, line.value))
    every = place.settings.evaluate_every
    return {seed: tuple(results.evaluations(own, every, record.steps)) for seed, own in points.items()}
