"""From a study to its units: one for each seed of each row in each environment."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from taxon.compiler import emit
from taxon.runtime.errors import UserError
from taxon.runtime.options import Mode, Options, Precision
from taxon.semantics import canonical
from taxon.semantics.studies import Cell, Run, Study
from taxon.studies.running.units import Place, Program, Settings, Unit
from taxon.taxonomy.schema import Row

WORTH = 100_000  # steps from which a study's updates are compiled, where that is left to it
_MOST_EVALUATIONS = 500  # of a run, where the user did not ask for more

NONE: Mapping[str, str] = MappingProxyType({})  # no module was edited


@dataclass(frozen=True)
class Asked:
    """What a user asks of a study's runs; None or `auto` where it is left to the study, which then settles it once."""

    evaluate_every: int | None = None
    evaluation_episodes: int | None = None
    precision: Precision | None = None
    compile: Mode = "auto"


@dataclass(frozen=True)
class Line:
    """A seed of a cell, as the table of results has it: cells with equal rows share their units."""

    cell: Cell
    unit: Unit


@dataclass(frozen=True)
class Plan:
    """A study with all that identifies its runs."""

    study: Study
    settings: Settings
    places: Mapping[tuple[str, str], Place]  # by the hash of a row, and the environment

    def units(self) -> list[Unit]:
        """In the order in which they are run, so that a study that is cut short is balanced: a seed of every cell, then
        the next one. Of an adaptive study they are those of its last look, which it may not need."""
        made = [(run, seed) for run in self.study.runs for seed in range(run.seeds.most)]
        return [self._unit(run, seed) for run, seed in sorted(made, key=lambda each: each[1])]

    def lines(self) -> Iterator[Line]:
        """In the order of the cells."""
        runs = {(run.hash, run.environment): run for run in self.study.runs}
        for cell in self.study.cells:
            if not cell.left_out:
                run = runs[cell.hash, cell.environment]
                yield from (Line(cell, self._unit(run, seed)) for seed in range(run.seeds.most))

    def _unit(self, run: Run, seed: int) -> Unit:
        return Unit(self.places[run.hash, run.environment], seed, run.steps)


def plan(study: Study, settings: Settings, modules: Mapping[str, str] = NONE) -> Plan:
    """What a study runs; modules: the texts of edited ones by their SHA-256.

    Raises UserError where evaluations do not end with its runs.
    """
    programs: dict[str, Program] = {}
    places: dict[tuple[str, str], Place] = {}
    for run in study.runs:
        check_cadence(run.steps, settings)
        if run.hash not in programs:
            programs[run.hash] = program(run.cells[0], run.hash, run.row, modules.get(run.edited))
        places[run.hash, run.environment] = Place(programs[run.hash], run.environment, settings)
    return Plan(study, settings, places)


def check_cadence(steps: int, settings: Settings) -> None:
    """Raise UserError where evaluations do not end with runs of so many steps."""
    if steps % settings.evaluate_every:
        message = f"runs of {steps:,} steps do not end with an evaluation every {settings.evaluate_every:,}"
        fitting = math.gcd(settings.evaluate_every, steps)
        raise UserError(message, f"choose other steps, or --eval-every {fitting} with another --out")


def settle(study: Study, asked: Asked, recorded: Settings | None) -> Settings:
    """How the runs of a study are made: as was recorded, else as is asked, else by the study.

    Raises UserError where something else is asked than was recorded.
    """
    return settle_for([run.steps for run in study.runs], asked, recorded)


def settle_for(steps: Sequence[int], asked: Asked, recorded: Settings | None) -> Settings:
    """How runs of so many steps are made, as `settle` says."""
    if recorded is not None:
        _check_same(asked, recorded)
        return recorded
    return Settings(
        evaluate_every=asked.evaluate_every or _cadence(steps),
        evaluation_episodes=asked.evaluation_episodes or Options.evaluation_episodes,
        precision=asked.precision or Options.precision,
        compiled=min(steps) >= WORTH if asked.compile == "auto" else asked.compile == "on",
    )


def _check_same(asked: Asked, recorded: Settings) -> None:
    compile = None if asked.compile == "auto" else asked.compile == "on"
    for option, value, kept in (
        ("--eval-every", asked.evaluate_every, recorded.evaluate_every),
        ("--eval-episodes", asked.evaluation_episodes, recorded.evaluation_episodes),
        ("--precision", asked.precision, recorded.precision),
        ("--compile", compile, recorded.compiled),
    ):
        if value is not None and value != kept:
            now = {True: "on", False: "off"}.get(kept, kept) if isinstance(kept, bool) else kept
            message = f"the runs were begun with {option} {now}, and cannot be compared with others"
            raise UserError(message, f"leave {option} out, or choose another --out")


def _cadence(steps: Iterable[int]) -> int:
    """Steps between evaluations that divide all runs: as `taxon run` has it, or the most that does."""
    default = Options.evaluate_every or 1
    fitting = math.gcd(default, *steps)
    if max(steps) > _MOST_EVALUATIONS * fitting:
        message = f"runs of {max(steps):,} steps do not end with an evaluation every {default:,}"
        raise UserError(message, "choose other steps, or say --eval-every")
    return fitting


def program(name: str, hash: str, row: Row, edited: str | None = None) -> Program:
    """A row as it is trained: under a name that all studies give it, since they share it; `name` is for people.

    edited: the text of a module that is trained in place of what is emitted.
    """
    row = replace(row, name="row", doc="")
    module = emit(row) if edited is None else edited
    return Program(name, hash, canonical(row), hashlib.sha256(module.encode()).hexdigest(), edited)
