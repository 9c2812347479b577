"""Studies with results that nobody ran: made up, or the paper's."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from studies.statistics.vectors import TABLE2

from taxon.cli.specs.environments import space_of
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics import load_study
from taxon.semantics.studies import Cell, Study
from taxon.studies.report.recorded import read
from taxon.studies.report.writing import write
from taxon.studies.running import record, table
from taxon.studies.running.plan import Asked, Plan, plan, settle
from taxon.studies.running.results import VERSIONS, Result
from taxon.studies.running.store import State

Score = Callable[[Cell, int], float]

FROZE = "own failed: ValueError: <b>no</b> | such_motor"

DOUBLE = """taxon 1

/// Clipped double Q is adapted to KL control.
study double_q {
  base    = [std.sac, std.mpo_onestep]
  vary    double = G.estimate in [- clipped_double, + clipped_double]
  on      = [ENVIRONMENTS]
  seeds   = SEEDS
  steps   = 100k
  SCALE

  /// Clipped double Q helps under KL control.
  claim helps_kl = effect(double, base = std.sac, above = 0)
  claim spares_em = effect(double, base = std.mpo_onestep, within = 0.05)
  claim coadapted = interaction(double, base, above = 0)
}
"""


def written(folder: Path, study: Study, said: record.Record, command: str = "double_q.tx:double_q") -> list[str]:
    """The report of what was filled in: what is said."""
    opened = RunFolder(folder)
    return list(write(opened, study, said, read(opened, study), command))


def load(path: Path, text: str) -> Study:
    """The study of a text."""
    path.write_text(text)
    expanded = load_study(str(path), lambda name: space_of(Recipe(name)))
    assert expanded.study is not None, [each.message for each in expanded.diagnostics]
    return expanded.study


def double(
    path: Path, environments: list[str], seeds: int = 5, scale: dict[str, tuple[float, float]] | None = None
) -> Study:
    """The study of clipped double Q."""
    ends = ", ".join(f'"{name}" = [{low}, {high}]' for name, (low, high) in (scale or {}).items())
    text = DOUBLE.replace("ENVIRONMENTS", ", ".join(f'"{name}"' for name in environments))
    text = text.replace("SEEDS", str(seeds)).replace("SCALE", f"scale = {{ {ends} }}" if scale else "")
    return load(path, text)


def paper(cell: Cell, seed: int) -> float:
    """Ten seeds with the mean and the deviation that Table 2 prints."""
    single, double = "- clipped_double", "+ clipped_double"
    order = [("std.sac", double), ("std.sac", single), ("std.mpo_onestep", double), ("std.mpo_onestep", single)]
    mean, deviation = TABLE2[cell.environment][order.index((cell.levels[0], cell.levels[1]))]
    shape = np.linspace(-1, 1, 10)
    return float(mean + deviation * shape[seed] / shape.std(ddof=1))


def planned(study: Study) -> Plan:
    return plan(study, settle(study, Asked(evaluate_every=10_000), None))


def curve(score: float, seed: int, steps: int, until: int | None = None) -> tuple[tuple[int, float], ...]:
    """A curve that ends at its score."""
    noise = np.random.default_rng(seed)
    found = []
    for step in range(0, steps + 1, 10_000):
        if until is None or step <= until:
            share = 1 - math.exp(-4 * step / steps)
            last = step == steps
            found.append((step, score if last else score * share / (1 - math.exp(-4)) + float(noise.normal()) * 30))
    return tuple(found)


def fill(
    folder: Path,
    study: Study,
    score: Score,
    frozen: dict[tuple[str, str, int], int] | None = None,
    missing: Callable[[Cell, int], bool] = lambda cell, seed: False,
    begun: int = 0,
) -> record.Record:
    """A study's folder as if it had been run. frozen: by row, environment and seed the step."""
    folder.mkdir(exist_ok=True)
    opened, made = RunFolder(folder), planned(study)
    found = {}
    versions = (("taxon", "0.1.0"), *((name, "1.2.3") for name in VERSIONS), ("device", "cpu Made up"))
    for line in made.lines():
        cell, unit = line.cell, line.unit
        if missing(cell, unit.seed):
            found[unit] = Result(State.MISSING)
            continue
        ended = (frozen or {}).get((cell.hash, cell.environment, unit.seed))
        points = curve(score(cell, unit.seed), unit.seed, unit.steps, ended)
        last = points[-1][1]
        state = State.DONE if ended is None else State.FROZEN
        why = "" if ended is None else FROZE
        found[unit] = Result(state, last, last, ended, points, "0123456789ab", versions, why)
    floors = dict.fromkeys(study.environments, 10.0)
    opened.write(table.RESULTS, table.results(made, found, floors).csv().encode())
    opened.write(table.CURVES, table.curves(made, found).csv().encode())
    return record.declare(opened, record.read(opened), study, made.settings, begun)
