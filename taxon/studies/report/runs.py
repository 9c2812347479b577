"""Curves of single runs, `taxon plot`. Their folders may come from a stranger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taxon.diagnostics.visible import visible
from taxon.figures.curves import Group, Panel
from taxon.figures.means import Points
from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.logging import METRICS, lines
from taxon.runtime.folder.run_folder import RunFolder

MOST_PANELS = 60


@dataclass(frozen=True)
class Run:
    """What a picture needs of a run; row: the hash of what was trained."""

    path: Path
    name: str
    row: str
    environment: str
    curves: Mapping[int, Points]
    frozen: frozenset[int]


def read(path: Path) -> Run:
    """A run's evaluations. Raises UserError where there are none, or where it is none."""
    folder = RunFolder(path)
    record = manifest.read(folder)
    if record.evaluate_every is None:
        raise UserError(f"{path} has no evaluations", "leave it out, or train with --eval-every")
    curves: dict[int, list[tuple[int, float]]] = {seed: [] for seed in record.seeds}
    try:
        for line in lines(folder, "evaluation"):
            seed, step, value = line.get("seed"), line.get("step"), line.get("return")
            if isinstance(seed, int) and seed in curves and isinstance(step, int) and isinstance(value, int | float):
                curves[seed].append((step, float(value)))
    except OSError as error:
        message = f"{path / METRICS} cannot be read: {error.strerror}"
        raise UserError(message, "restore the folder from a copy") from None
    if not any(curves.values()):
        raise UserError(f"{path} has no evaluations yet", "leave it out, or wait for the first one")
    frozen = frozenset(seed for seed in record.seeds if str(seed) in record.frozen)
    return Run(path, record.title, record.identity, str(record.recipe()), curves, frozen)


def by_environment(runs: Sequence[Run]) -> list[Panel]:
    """A panel for each environment, a line for each spec."""
    names = _names(runs)
    return _panels(runs, lambda run: run.environment, lambda run: names[run.path])


def by_spec(runs: Sequence[Run]) -> list[Panel]:
    """A panel for each spec, a line for each environment."""
    names = _names(runs)
    return _panels(runs, lambda run: names[run.path], lambda run: run.environment)


def _names(runs: Sequence[Run]) -> dict[Path, str]:
    """The specs' names, with the start of the hash of what was trained where that differs in an environment under one
    name."""
    rows: dict[tuple[str, str], set[str]] = {}
    for run in runs:
        rows.setdefault((run.name, run.environment), set()).add(run.row)
    unclear = {name for (name, _), found in rows.items() if len(found) > 1}
    return {run.path: f"{run.name} ({run.row[:8]})" if run.name in unclear else run.name for run in runs}


def _panels(runs: Sequence[Run], panel: Callable[[Run], str], line: Callable[[Run], str]) -> list[Panel]:
    places = {label: place for place, label in enumerate(dict.fromkeys(map(line, runs)))}
    grouped: dict[str, dict[str, list[Run]]] = {}
    for run in runs:
        grouped.setdefault(panel(run), {}).setdefault(line(run), []).append(run)
    if len(grouped) > MOST_PANELS:
        raise UserError(f"{len(grouped)} panels are more than a picture has room for", "name fewer runs")
    return [
        Panel(title, [_group(visible(label), same, places[label]) for label, same in groups.items()])
        for title, groups in grouped.items()
    ]


def _group(label: str, runs: Sequence[Run], place: int) -> Group:
    """The seeds of several runs of a spec in an environment."""
    seeds: dict[int, Points] = {}
    of: dict[int, Path] = {}
    for run in runs:
        for seed, points in run.curves.items():
            if seed in seeds:
                message = f"{of[seed]} and {run.path} both have seed {seed} of {run.name} on {run.environment}"
                raise UserError(message, "leave one of them out: it is no second sample")
            seeds[seed], of[seed] = points, run.path
    frozen = frozenset(seed for run in runs for seed in run.frozen)
    return Group(label, seeds, frozen, place)
