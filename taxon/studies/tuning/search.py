"""A search as far as it came: which trials there are, what became of them, and which one is proposed next.

All of it follows from the journal and from the runs on the disk. A trial rests on those that lie `at_once` or more
before it, which are settled by then, so that neither the machine nor a kill changes what is proposed or stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from taxon.semantics.tuning import Tune
from taxon.semantics.tuning.model import Values
from taxon.studies.running.plan import program
from taxon.studies.running.results import read as result_of
from taxon.studies.running.store import Found, Store
from taxon.studies.running.store import State as UnitState
from taxon.studies.running.units import Place, Program, Settings, Unit
from taxon.studies.statistics.frozen import Cell
from taxon.studies.tuning.curves import Curves
from taxon.studies.tuning.journal import Journal
from taxon.studies.tuning.sampling import sampler
from taxon.studies.tuning.scoring import Floors, intermediate, scored
from taxon.studies.tuning.trial import State, Trial
from taxon.studies.tuning.with_optuna import pruner

_FAILED = (UnitState.FAILED, UnitState.BROKEN)


@dataclass
class Search:
    """The trials of a tune.

    floors: the random policies' returns that were measured. anew: whether runs of another version are made again.
    proposing: whether trials are added to the journal. Raises UserError where the sampler or the pruner is missing.
    """

    tune: Tune
    settings: Settings
    store: Store
    journal: Journal
    floors: Callable[[], Floors]
    anew: bool = False
    proposing: bool = True
    trials: list[Trial] = field(default_factory=list)
    _programs: dict[str, Program] = field(default_factory=dict)  # by the hash of a row

    def __post_init__(self) -> None:
        self.evaluations = self.tune.steps // self.settings.evaluate_every
        self.sampler = sampler(self.tune)
        self.pruner = pruner(self.tune, self.evaluations)
        self.curves = Curves(self.store)

    def more(self, found: Mapping[Unit, Found]) -> list[Unit]:
        """The units of the open trials, as far as those that were found decide which these are, in the order in which
        they are run: trial by trial, a seed of every environment, then the next one."""
        self._update(found)
        while self._may_propose():
            self.journal.add(self.sampler.propose(self._before(len(self.trials))))
            self._update(found)
        return [unit for trial in self.trials if not trial.settled for unit in trial.units]

    def best(self) -> Trial | None:
        """The trial with the highest score, the first of those that share it."""
        done = [trial for trial in self.trials if trial.state is State.DONE]
        return max(done, key=lambda trial: -math.inf if trial.score is None else trial.score, default=None)

    def _update(self, found: Mapping[Unit, Found]) -> None:
        for number, values in enumerate(self.journal.values):
            if number == len(self.trials):
                self.trials.append(self._proposed(number, values))
            if not self.trials[number].settled:
                self.trials[number] = self._judged(self.trials[number], found)

    def _may_propose(self) -> bool:
        number = len(self.trials)
        if not self.proposing or number >= self.tune.trials:
            return False
        if self.sampler.informed or self.pruner is not None:
            return all(trial.settled for trial in self.trials[: max(0, number - self.tune.at_once + 1)])
        return sum(not trial.settled for trial in self.trials) < self.tune.at_once

    def _before(self, number: int) -> list[Trial]:
        """The trials before one, those open that it may not rest on."""
        known = number - self.tune.at_once
        return [
            trial if trial.number <= known else Trial(trial.number, trial.values, State.OPEN)
            for trial in self.trials[:number]
        ]

    def _proposed(self, number: int, values: Values) -> Trial:
        """A trial with its units."""
        places: list[Place] = []
        for environment in self.tune.environments:
            found = self.tune.row(values, environment)
            if found.row is None:
                why = "its row is not known" if found.refusal is None else found.refusal.message
                code = "" if found.refusal is None else f"{found.refusal.code.id}: "
                return Trial(number, values, State.REFUSED, why=f"{code}{why}")
            if found.hash not in self._programs:
                self._programs[found.hash] = program(f"trial {number}", found.hash, found.row)
            places.append(Place(self._programs[found.hash], environment, self.settings))
        units = tuple(Unit(place, seed, self.tune.steps) for seed in self.tune.seeds for place in places)
        return Trial(number, values, State.OPEN, units)

    def _judged(self, trial: Trial, found: Mapping[Unit, Found]) -> Trial:
        """An open trial as it stands."""
        if any(unit not in found for unit in trial.units):
            return trial
        own = {unit: found[unit] for unit in trial.units}
        evaluations: Mapping[int, float] = {}
        kept: Mapping[str, object] = {}
        if self.pruner is not None:
            curves = {
                name: [self.curves.of(unit, own[unit]) for unit in trial.units if unit.place.environment == name]
                for name in self.tune.environments
            }
            evaluations = intermediate(self.tune, curves, self.floors(), self.evaluations)
            if evaluations != trial.evaluations or all(each.state.complete for each in own.values()):
                stopped, kept = self.pruner.judge(self._before(trial.number), evaluations)
                if stopped is not None:
                    counted = {number: value for number, value in evaluations.items() if number <= stopped}
                    return replace(trial, state=State.PRUNED, score=counted[stopped], evaluations=counted, kept=kept,
                                    at=stopped * self.settings.evaluate_every)  # fmt: skip
        failed = next((each for each in own.values() if each.state in _FAILED), None)
        if failed is not None:
            return replace(trial, state=State.FAILED, why=failed.why)
        if not self.anew and any(each.state is UnitState.STALE for each in own.values()):
            return replace(trial, state=State.STALE, why="made by another version of taxon")
        if not all(each.state.complete for each in own.values()):
            return replace(trial, state=State.OPEN, evaluations=evaluations)
        return self._scored(trial, own, evaluations, kept)

    def _scored(
        self, trial: Trial, own: Mapping[Unit, Found], evaluations: Mapping[int, float], kept: Mapping[str, object]
    ) -> Trial:
        """A trial whose runs have ended."""
        results = {unit: result_of(unit, each, self.tune.score) for unit, each in own.items()}
        broken = next((result for result in results.values() if not result.state.complete), None)
        if broken is not None:
            return replace(trial, state=State.FAILED, why=broken.why)
        floors = self.floors()
        cells: dict[str, Cell] = {}
        for name in self.tune.environments:
            there = [result for unit, result in results.items() if unit.place.environment == name]
            scores = [math.nan if result.score is None else result.score for result in there]
            cells[name] = Cell(scores, [result.frozen_at is not None for result in there], floors.get(name))
        estimate = scored(self.tune, cells)
        if estimate is None:
            return replace(trial, state=State.OPEN, evaluations=evaluations)
        if estimate.value is None:
            return replace(trial, state=State.FAILED, why=estimate.reason or "it has no score")
        frozen = [result.why for result in results.values() if result.frozen_at is not None]
        return replace(trial, state=State.DONE, score=estimate.value, evaluations=evaluations, kept=kept,
                        frozen=len(frozen), estimate=estimate, why=next(filter(None, frozen), ""))  # fmt: skip
