"""Proposals follow from the number of a trial and from the trials before it, and lie where they were said to lie."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optuna
import pytest
from scipy import stats
from studies.tuning import searching

from taxon.runtime.errors import UserError
from taxon.semantics.tuning import Dimension, Method, Numbers
from taxon.studies.tuning.sampling import Grid, Random, sampler
from taxon.studies.tuning.trial import State, Trial

SPACE = """\
  search  optimizer.policy.lr in log_uniform(1e-5, 1e-2)
  search  gamma in uniform(0.9, 0.99, step = 0.03)
  search  data.batch in integer(1, 8, log = true)
  search  exploration.std in [0.1, 0.2]"""


def trials(count: int) -> list[Trial]:
    return [Trial(number, {}, State.OPEN) for number in range(count)]


class Counted(Sequence[Trial]):
    """The first trials of some, which are not copied."""

    def __init__(self, trials: list[Trial], count: int) -> None:
        self.trials, self.count = trials, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at):
        return self.trials[at]


def drawn(numbers: Numbers, count: int) -> np.ndarray:
    """The values of so many trials; a random sampler asks no more of those before than how many they are."""
    random = Random((Dimension("x", numbers),))
    before = trials(count)
    return np.array([float(random.propose(Counted(before, number))["x"]) for number in range(count)])


def test_random_numbers_are_even_or_even_in_the_logarithm() -> None:
    low, high = 1e-5, 1e-2
    logs = np.log(drawn(Numbers(low, high, log=True), 2_000))
    assert stats.kstest(logs, stats.uniform(math.log(low), math.log(high / low)).cdf).pvalue > 0.01
    even = drawn(Numbers(-1.0, 3.0), 2_000)
    assert stats.kstest(even, stats.uniform(-1.0, 4.0).cdf).pvalue > 0.01


def test_random_whole_numbers_have_their_ends_and_their_chances() -> None:
    values, counts = np.unique(drawn(Numbers(2.0, 5.0, integer=True), 2_000), return_counts=True)
    assert list(values) == [2, 3, 4, 5]
    assert stats.chisquare(counts).pvalue > 0.01
    values, counts = np.unique(drawn(Numbers(1.0, 8.0, integer=True, log=True), 2_000), return_counts=True)
    edges = np.log(np.arange(0.5, 9.0)) - math.log(0.5)
    assert stats.chisquare(counts, 2_000 * np.diff(edges) / edges[-1]).pvalue > 0.01
    assert set(drawn(Numbers(0.1, 0.55, step=0.2), 100)) == {0.1, 0.3, 0.5}


def test_a_value_is_written_shortly_and_never_beyond_the_ends() -> None:
    numbers = Numbers(1.23444e-5, 0.0123456, log=True)
    assert numbers.text(3.14159265e-4) == "3.142e-4"
    assert numbers.text(1.23444e-5) == "1.23444e-5"  # four digits would lie below it
    assert numbers.text(1.0) == "0.0123456"
    assert Numbers(0.0, 1e6).text(123456.0) == "123500"
    assert Numbers(1.0, 2_000.0, integer=True).text(1234.4) == "1234"
    assert Numbers(0.1, 0.55, step=0.2).text(0.6) == "0.5"
    assert Numbers(10.0, 100.0, integer=True, step=25.0).text(70.0) == "60"
    assert Numbers(0.0, 0.9, step=0.3).points(2) == [0.0, 0.3, 0.6, 0.9]
    assert Numbers(0.8, 0.99, step=0.05).points(2) == [0.8, 0.85, 0.9, 0.95]


def test_a_grid_is_every_combination_once() -> None:
    dimensions = (
        Dimension("a", Numbers(1e-4, 1e-2, log=True)),
        Dimension("b", None, ("relu", "elu")),
        Dimension("c", Numbers(0.0, 1.0, step=0.5)),
    )
    grid = Grid(dimensions, 3)
    found = [tuple(grid.propose(trials(number)).values()) for number in range(18)]
    assert found == list(itertools.product(("1e-4", "1e-3", "0.01"), ("relu", "elu"), ("0", "0.5", "1")))


def history(tune_trials: int, open_from: int) -> list[Trial]:
    random = np.random.default_rng(5)
    found = []
    for number in range(tune_trials):
        values = {
            "optimizer.policy.lr": f"{10 ** random.uniform(-4.9, -2.1):.3g}",
            "gamma": ("0.9", "0.93", "0.96", "0.99")[number % 4],
            "data.batch": str(1 + number % 8),
            "exploration.std": ("0.1", "0.2")[number % 2],
        }
        done = number < open_from
        state = State.OPEN if not done else State.FAILED if number == 2 else State.DONE
        score = float(random.normal()) if state is State.DONE else None
        found.append(Trial(number, values, state, score=score))
    return found


@pytest.mark.parametrize("kind", ["tpe", "gp"])
def test_proposals_are_those_of_optuna(tmp_path: Path, kind: str) -> None:
    """A second derivation: Optuna's own study, told of the same trials by `ask` and `tell`."""
    tune = searching.tune_of(searching.write(tmp_path, SPACE, f"  sampler = {kind}(startup = 4)"))
    own = sampler(tune)
    assert own.informed
    distributions = {
        "optimizer.policy.lr": optuna.distributions.FloatDistribution(1e-5, 1e-2, log=True),
        "gamma": optuna.distributions.FloatDistribution(0.9, 0.99, step=0.03),
        "data.batch": optuna.distributions.IntDistribution(1, 8, log=True),
        "exploration.std": optuna.distributions.CategoricalDistribution(("0.1", "0.2")),
    }
    for count in (2, 9) if kind == "tpe" else (6,):
        before = history(count, count - 2)
        if kind == "tpe":
            theirs = optuna.samplers.TPESampler(seed=count, n_startup_trials=4, multivariate=True, constant_liar=True)
        else:
            theirs = optuna.samplers.GPSampler(seed=count, n_startup_trials=4)
        study = optuna.create_study(direction="maximize", sampler=theirs)
        for trial in before:
            numbers = {"optimizer.policy.lr": float, "gamma": float, "data.batch": int}
            study.enqueue_trial({name: numbers.get(name, str)(text) for name, text in trial.values.items()})
            asked = study.ask(distributions)
            if trial.state is State.DONE:
                study.tell(asked, trial.score)
            elif trial.state is State.FAILED:
                study.tell(asked, state=optuna.trial.TrialState.FAIL)
        expected = study.ask(distributions).params
        found = own.propose(before)
        assert float(found["optimizer.policy.lr"]) == pytest.approx(expected["optimizer.policy.lr"], rel=1e-3)
        assert float(found["gamma"]) == pytest.approx(expected["gamma"])
        assert (int(found["data.batch"]), found["exploration.std"]) == (
            expected["data.batch"],
            expected["exploration.std"],
        )
        assert kind == "gp" or own.propose(before) == found
        assert all(dimension.holds(found[dimension.name]) for dimension in tune.dimensions)


STEPS = """\
  search  gamma in uniform(0, 0.9, step = 0.3)
  search  target.tau in uniform(0.8, 0.99, step = 0.05)"""


@pytest.mark.parametrize("kind", ["tpe", "gp", "cmaes"])
@pytest.mark.filterwarnings("error")
def test_what_lies_at_steps_is_proposed_to_its_ends_without_a_warning(tmp_path: Path, kind: str) -> None:
    """Three steps of 0.3 are a little less than 0.9 as binary fractions, and three of 0.05 from 0.8 a little more."""
    own = sampler(searching.tune_of(searching.write(tmp_path, STEPS, f"  sampler = {kind}(startup = 8)")))
    found: list[Trial] = []
    for number in range(12):
        values = own.propose(found)
        score = float(values["gamma"]) + float(values["target.tau"])
        found.append(Trial(number, values, State.DONE, score=score))
    proposed = {name: {trial.values[name] for trial in found} for name in ("gamma", "target.tau")}
    assert "0.9" in proposed["gamma"] <= {"0", "0.3", "0.6", "0.9"}
    assert "0.95" in proposed["target.tau"] <= {"0.8", "0.85", "0.9", "0.95"}


NUMBERS = """\
  search  optimizer.policy.lr in log_uniform(1e-5, 1e-2)
  search  gamma in uniform(0.9, 0.99)"""


def searched(tmp_path: Path, count: int, at_once: int) -> list[Trial]:
    """So many trials by CMA-ES, scored by the distance from a rate of 1e-3 and a gamma of 0.95."""
    more = f"  sampler = cmaes(startup = 4)\n  at_once = {at_once}"
    own = sampler(searching.tune_of(searching.write(tmp_path, NUMBERS, more)))
    found: list[Trial] = []
    for number in range(count):
        seen = [t if t.number <= number - at_once else Trial(t.number, t.values, State.OPEN) for t in found]
        values = own.propose(seen)
        rate, gamma = math.log10(float(values["optimizer.policy.lr"])), float(values["gamma"])
        score = -((rate + 3) ** 2) - ((gamma - 0.95) / 0.03) ** 2
        found.append(Trial(number, values, State.DONE, score=score))
    assert own.propose(seen) == values
    return found


def test_cmaes_goes_to_the_optimum(tmp_path: Path) -> None:
    found = searched(tmp_path, 32, at_once=2)
    late = [trial.score or 0.0 for trial in found[-8:]]
    # random trials have -1.7 in the mean: 0.75 + 0.25 by the rate, 0.75 by gamma
    assert sum(late) / 8 > -0.3


def test_cmaes_goes_as_one_study_that_is_told_in_order(tmp_path: Path) -> None:
    """A second derivation: one study of Optuna's that goes on, where each trial ends before the next one."""
    found = searched(tmp_path, 12, at_once=1)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.CmaEsSampler(n_startup_trials=4, seed=0), study_name="taxon"
    )
    for trial in found:
        rate = ("optimizer.policy.lr", optuna.distributions.FloatDistribution(1e-5, 1e-2, log=True))
        asked = study.ask(dict([rate, ("gamma", optuna.distributions.FloatDistribution(0.9, 0.99))]))
        for name, value in asked.params.items():
            assert float(trial.values[name]) == pytest.approx(value, rel=1e-3)
        study.tell(asked, trial.score)


def test_tpe_finds_the_better_half(tmp_path: Path) -> None:
    """Where the score is the logarithm of the rate, later proposals lie higher than random ones."""
    space = "  search  optimizer.policy.lr in log_uniform(1e-5, 1e-2)"
    own = sampler(searching.tune_of(searching.write(tmp_path, space, "  sampler = tpe(startup = 5)")))
    found: list[Trial] = []
    for number in range(25):
        values = own.propose(found)
        score = math.log10(float(values["optimizer.policy.lr"]))
        found.append(Trial(number, values, State.DONE, score=score))
    late = [trial.score or 0.0 for trial in found[-10:]]
    assert sum(late) / 10 > -2.6  # the mean of random ones is -3.5, with a standard error of 0.27


def test_without_optuna_it_is_said_which_extra_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(UserError, match="sampler = tpe needs Optuna, which is not installed") as error:
        sampler(searching.tune_of(searching.write(tmp_path, more="  sampler = tpe")))
    assert error.value.help == "pip install 'taxon-rl[tune]'"
    for kind in ("random", "grid"):
        searching.run(searching.write(tmp_path / kind, more=f"  sampler = {kind}", trials=1))


def test_a_method_is_written_with_its_parameters() -> None:
    assert str(Method("tpe", {"startup": 10})) == "tpe(startup = 10)"
    assert str(Method("random", {})) == "random"
