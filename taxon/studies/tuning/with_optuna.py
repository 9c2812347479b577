"""Optuna's samplers and pruners, each given a study in memory that is rebuilt of the trials on the disk.

Nothing of Optuna's is kept: neither a database nor a file. Of a trial that others may not rest on yet, the study has
the values alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from taxon.runtime.errors import UserError
from taxon.semantics.tuning import Dimension, Method, Tune
from taxon.semantics.tuning.model import Values
from taxon.studies.tuning.trial import State, Trial

_NAME = "taxon"  # of every study: which bracket a trial belongs to depends on it


def optuna(what: str) -> Any:
    """The package, and no word of its own on the terminal. Raises UserError where it is not installed."""
    try:
        import cmaes  # noqa: F401  (which Optuna imports where it first samples by it)
        import optuna as package
    except ImportError:
        raise UserError(f"{what} needs Optuna, which is not installed", "pip install 'taxon-rl[tune]'") from None
    package.logging.set_verbosity(package.logging.ERROR)
    return package


class Informed:
    """A sampler of Optuna's, made anew for each trial and seeded by the trial's number."""

    informed = True

    def __init__(self, tune: Tune) -> None:
        self.tune = tune
        self.dimensions = tune.dimensions
        self.method = tune.sampler
        self.package = optuna(f"sampler = {tune.sampler.kind}")
        self.distributions = {each.name: self._distribution(each) for each in tune.dimensions}

    def propose(self, before: Sequence[Trial]) -> Values:
        study = self.package.create_study(study_name=_NAME, direction="maximize", sampler=self._sampler(len(before)))
        for trial in before:
            study.add_trial(self._frozen(trial))
        return self._texts(study.ask(self.distributions))

    def _texts(self, trial: Any) -> Values:
        return {dimension.name: _text(dimension, trial.params[dimension.name]) for dimension in self.dimensions}

    def _sampler(self, seed: int) -> Any:
        samplers, startup = self.package.samplers, self.method.whole("startup")
        match self.method.kind:
            case "tpe":
                return samplers.TPESampler(
                    n_startup_trials=startup,
                    multivariate=True,
                    constant_liar=True,
                    seed=seed,
                )
            case "gp":
                return samplers.GPSampler(n_startup_trials=startup, seed=seed)
        raise AssertionError(self.method.kind)

    def _distribution(self, dimension: Dimension) -> Any:
        kinds, numbers = self.package.distributions, dimension.numbers
        if numbers is None:
            return kinds.CategoricalDistribution(dimension.levels)
        high = numbers.high if numbers.step is None else numbers.points(2)[-1]
        if numbers.integer:
            step = 1 if numbers.step is None else int(numbers.step)
            return kinds.IntDistribution(int(numbers.low), int(high), log=numbers.log, step=step)
        return kinds.FloatDistribution(numbers.low, high, log=numbers.log, step=numbers.step)

    def _frozen(self, trial: Trial) -> Any:
        params = {each.name: _value(each, trial.values[each.name]) for each in self.dimensions}
        return _frozen(self.package, trial, params, self.distributions)


class Replayed(Informed):
    """CMA-ES, which remembers more of a trial than its values: all trials so far are proposed again, in the order in
    which they may rest on each other. One that comes out otherwise, by another version of Optuna, does not count."""

    def propose(self, before: Sequence[Trial]) -> Values:
        sampler = self.package.samplers.CmaEsSampler(
            n_startup_trials=self.method.whole("startup"), seed=0, warn_independent_sampling=False
        )
        study = self.package.create_study(study_name=_NAME, direction="maximize", sampler=sampler)
        states = self.package.trial.TrialState
        asked: list[Any] = []
        for number in range(len(before) + 1):
            if number >= self.tune.at_once:
                trial, own = before[number - self.tune.at_once], asked[number - self.tune.at_once]
                counts = trial.state is State.DONE and self._texts(own) == trial.values
                study.tell(own, trial.score if counts else None, state=states.COMPLETE if counts else states.FAIL)
            asked.append(study.ask(self.distributions))
        return self._texts(asked[-1])


class Pruner:
    """A pruner of Optuna's; `evaluations` of a run are numbered from 1 on, that of step 0 not counted."""

    def __init__(self, method: Method, evaluations: int) -> None:
        self.method = method
        self.evaluations = evaluations
        self.package = optuna(f"pruner = {method.kind}")

    def judge(self, before: Sequence[Trial], own: Mapping[int, float]) -> tuple[int | None, Mapping[str, object]]:
        """The first evaluation at which a trial is stopped, None where it is not, and what is kept of it.

        before: all earlier trials in their order; those that it may not be compared with are open. own: its evaluations
        so far, from the first on without a gap. The last one stops nothing.
        """
        study = self.package.create_study(study_name=_NAME, direction="maximize", pruner=self._pruner())
        for each in before:
            study.add_trial(_frozen(self.package, each, {}, {}))
        trial = study.ask()
        stopped = None
        for number, value in own.items():
            trial.report(value, number)
            if trial.should_prune() and number < self.evaluations:
                stopped = number
                break
        kept = study.get_trials(deepcopy=False)[len(before)].system_attrs
        return stopped, dict(kept)

    def _pruner(self) -> Any:
        pruners, method = self.package.pruners, self.method
        match method.kind:
            case "median":
                warmup = math.ceil(method.parameters["warmup"] * self.evaluations)
                return pruners.MedianPruner(n_startup_trials=method.whole("startup"), n_warmup_steps=warmup)
            case "asha":
                return pruners.SuccessiveHalvingPruner(
                    min_resource=method.whole("first"), reduction_factor=method.whole("reduction")
                )
            case "hyperband":
                return pruners.HyperbandPruner(
                    min_resource=method.whole("first"),
                    max_resource=max(self.evaluations, method.whole("first")),
                    reduction_factor=method.whole("reduction"),
                )
        raise AssertionError(method.kind)


def pruner(tune: Tune, evaluations: int) -> Pruner | None:
    """The pruner that a tune says, None for none; evaluations: of a run."""
    return None if tune.pruner.kind == "none" else Pruner(tune.pruner, evaluations)


def _frozen(package: Any, trial: Trial, params: Mapping[str, Any], distributions: Mapping[str, Any]) -> Any:
    """A trial as Optuna has it."""
    states = package.trial.TrialState
    state = {
        State.OPEN: states.RUNNING,
        State.DONE: states.COMPLETE,
        State.PRUNED: states.PRUNED,
    }.get(trial.state, states.FAIL)
    return package.trial.create_trial(
        state=state,
        value=trial.score if state in (states.COMPLETE, states.PRUNED) else None,
        params=dict(params),
        distributions=dict(distributions),
        intermediate_values=dict(trial.evaluations),
        system_attrs=dict(trial.kept),
    )


def _value(dimension: Dimension, text: str) -> Any:
    if dimension.numbers is None:
        return text
    return int(text) if dimension.numbers.integer else float(text)


def _text(dimension: Dimension, value: Any) -> str:
    return str(value) if dimension.numbers is None else dimension.numbers.text(value)
