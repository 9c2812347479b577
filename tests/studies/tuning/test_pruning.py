"""What is stopped is what Optuna stops in a study that it is asked about as the trials go on."""

from __future__ import annotations

import numpy as np
import optuna
import pytest

from taxon.semantics.tuning import Method
from taxon.studies.tuning.trial import State, Trial
from taxon.studies.tuning.with_optuna import Pruner

STEPS = 9
CURVES = np.random.default_rng(3).normal(size=(24, 1)) + np.random.default_rng(4).normal(scale=0.3, size=(24, STEPS))


def rebuilt(method: Method, curves: np.ndarray, at_once: int = 1) -> list[int | None]:
    """When each trial is stopped, by a pruner that is made anew of the trials before it."""
    before: list[Trial] = []
    for number, curve in enumerate(curves):
        seen = [t if t.number <= number - at_once else Trial(t.number, {}, State.OPEN) for t in before]
        own = {at + 1: float(value) for at, value in enumerate(curve)}
        stopped, kept = Pruner(method, STEPS).judge(seen, own)
        counted = own if stopped is None else {at: value for at, value in own.items() if at <= stopped}
        state = State.DONE if stopped is None else State.PRUNED
        score = list(counted.values())[-1]
        before.append(Trial(number, {}, state, score=score, at=stopped, evaluations=counted, kept=kept))
    return [trial.at for trial in before]


def asked(pruner: optuna.pruners.BasePruner, curves: np.ndarray) -> list[int | None]:
    """When each trial is stopped in one study of Optuna's that goes on."""
    study = optuna.create_study(study_name="taxon", direction="maximize", pruner=pruner)
    found: list[int | None] = []
    for curve in curves:
        trial = study.ask()
        stopped = None
        for at, value in enumerate(curve):
            trial.report(float(value), at + 1)
            if trial.should_prune() and at + 1 < STEPS:
                stopped = at + 1
                break
        found.append(stopped)
        if stopped is None:
            study.tell(trial, float(curve[-1]))
        else:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    return found


@pytest.mark.parametrize(
    ("method", "theirs"),
    [
        (
            Method("median", {"startup": 4, "warmup": 0.2}),
            optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
        ),
        (
            Method("asha", {"first": 1, "reduction": 3}),
            optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
        ),
        (
            Method("hyperband", {"first": 1, "reduction": 3}),
            optuna.pruners.HyperbandPruner(min_resource=1, max_resource=STEPS, reduction_factor=3),
        ),
    ],
)
def test_a_pruner_that_is_made_anew_decides_as_one_that_goes_on(
    method: Method, theirs: optuna.pruners.BasePruner
) -> None:
    found = rebuilt(method, CURVES)
    assert found == asked(theirs, CURVES)
    assert None in found
    assert len({at for at in found if at is not None}) > 1


def test_the_median_is_that_of_the_trials_which_ran_to_their_ends() -> None:
    """The rule in its own words: the best so far lies below the median of the others at that step."""
    found = rebuilt(Method("median", {"startup": 4, "warmup": 0.2}), CURVES)
    ended: list[np.ndarray] = []
    for curve, stopped in zip(CURVES, found, strict=True):
        expected = None
        for at in range(1, STEPS - 1):  # from the end of the warm-up, the second evaluation, on, but for the last
            if len(ended) >= 4 and curve[: at + 1].max() < np.median([other[at] for other in ended]):
                expected = at + 1
                break
        assert stopped == expected
        if stopped is None:
            ended.append(curve)


def test_trials_that_may_not_be_compared_with_yet_change_nothing() -> None:
    """Of the last trials before it a trial sees nothing: whatever they came to, it is stopped at the same step."""
    method = Method("median", {"startup": 2, "warmup": 0.0})
    usual = rebuilt(method, CURVES[:8], at_once=4)
    other = CURVES[:8].copy()
    other[5:7] += 100.0
    assert rebuilt(method, other, at_once=4)[7] == usual[7]
    assert rebuilt(method, other, at_once=1)[7] is not None
