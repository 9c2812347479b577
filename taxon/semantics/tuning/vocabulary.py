"""What the keys of a tune take and what it searches in, as slots and choices, so that one place types, completes and
explains them."""

from __future__ import annotations

from collections.abc import Mapping

from taxon.semantics.studies.vocabulary import STUDY
from taxon.taxonomy.ranges import COUNT, POSITIVE, Range
from taxon.taxonomy.schema import Choice, Slot

_SEEDS = Range(1, 10_000, integer=True)
_FIRST = Range(0, 1_000_000_000, integer=True)
_TRIALS = Range(1, 100_000, integer=True)
_AT_ONCE = Range(1, 1_000, integer=True)
_POINTS = Range(2, 1_000, integer=True)
_FEWEST = Range(1, 10_000, integer=True)
_REDUCTION = Range(2, 100, integer=True)
_PART = Range(0, 1, high_open=True)

_STEP = "the distance between neighbouring values, counted from the least; left out, any is tried"
_LOG = "evenly in the logarithm: as many trials between 32 and 64 as between 64 and 128"
_LOW = Slot("low", "the least value", None, Range())
_HIGH = Slot("high", "the largest value", None, Range())

SEARCH = Slot(
    "search",
    "where the values of a path are sought: a list of values, as in `search network.activation in [relu, elu]`, or "
    "numbers between two ends, both included",
    choices=(
        Choice(
            "log_uniform",
            "positive numbers, evenly in the logarithm: `search optimizer.policy.lr in log_uniform(1e-5, 1e-2)`",
            (_LOW, _HIGH),
            equation="log x ~ U[log low, log high]",
        ),
        Choice(
            "uniform",
            "numbers, evenly",
            (_LOW, _HIGH, Slot("step", _STEP, None, POSITIVE)),
            equation="x ~ U[low, high]",
        ),
        Choice(
            "integer",
            "whole numbers, evenly: `search data.batch in integer(32, 512, log = true)`",
            (_LOW, _HIGH, Slot("step", _STEP, None, COUNT), Slot("log", _LOG, "false", boolean=True)),
            equation="x ~ U{low, ..., high}",
        ),
    ),
)
OPTIONAL = ("step", "log")  # what a range may go without

_STARTUP = Slot("startup", "the first trials, which are drawn at random", "10", _FEWEST)
SAMPLERS = (
    Choice("random", "every trial drawn anew from the ranges"),
    Choice(
        "grid",
        "every combination of the values, each range cut into points; needs no `trials`",
        (Slot("points", "the points of a range without a `step`, its ends among them", "5", _POINTS),),
    ),
    Choice(
        "tpe",
        "where good trials lie denser than the others: the tree-structured Parzen estimator of Optuna",
        (_STARTUP,),
        equation="argmax l(x) / g(x)",
        source="Bergstra et al. 2011",
    ),
    Choice(
        "cmaes",
        "around where the best trials lie: a normal distribution whose mean and covariance follow them, by Optuna; "
        "what is listed is drawn at random",
        (_STARTUP,),
        source="Hansen and Ostermeier 2001",
    ),
    Choice(
        "gp",
        "where a Gaussian process over the trials so far expects the most improvement, by Optuna",
        (_STARTUP,),
        source="Jones et al. 1998",
    ),
)
_FIRST_RUNG = Slot("first", "the evaluations, that of step 0 not counted, before a trial may first be stopped", "1",
                   _FEWEST)  # fmt: skip
_REDUCED = Slot("reduction", "one of so many trials goes on beyond each rung", "3", _REDUCTION)
PRUNERS = (
    Choice("none", "every trial is run to its end"),
    Choice(
        "median",
        "a trial is stopped whose best evaluation so far lies below the median of what the earlier trials had at that "
        "step",
        (
            Slot("startup", "the first trials, which run to their ends", "5", _FEWEST),
            Slot("warmup", "the part of the steps before whose end no trial is stopped", "0.2", _PART),
        ),
        source="Golovin et al. 2017",
    ),
    Choice(
        "asha",
        "successive halving: the evaluations at which trials are compared are spaced by the reduction, and at each of "
        "them only the best go on",
        (_FIRST_RUNG, _REDUCED),
        source="Li et al. 2020",
    ),
    Choice(
        "hyperband",
        "successive halving in several brackets, of which some stop trials early and others late",
        (_FIRST_RUNG, _REDUCED),
        source="Li et al. 2018",
    ),
)

TUNE: Mapping[str, Slot] = {
    "base": Slot("base", "the algorithm whose values are searched"),
    "on": STUDY["on"],
    "seeds": Slot("seeds", "how many seeds each trial has", "3", _SEEDS),
    "first_seed": Slot(
        "first_seed",
        "the first of the tuning seeds; those of a study lie below the default, so that no study compares on a seed "
        "for which its row was chosen",
        "100k",
        _FIRST,
    ),
    "steps": STUDY["steps"],
    "trials": Slot("trials", "how many values, or combinations of values, are tried", None, _TRIALS),
    "at_once": Slot(
        "at_once",
        "how many trials may be open at a time: each is proposed, and stopped early, by what the trials came to that "
        "lie so many before it, and by nothing else, so that a search does not depend on the machine",
        "4",
        _AT_ONCE,
    ),
    "score": STUDY["score"],
    "failure": STUDY["failure"],
    "scale": STUDY["scale"],
    "sampler": Slot("sampler", "how the values of a trial are proposed", "tpe", choices=SAMPLERS),
    "pruner": Slot("pruner", "which trials are stopped before their end", "none", choices=PRUNERS),
}
REQUIRED = ("base", "on", "steps")
EXAMPLES = {"base": "base = std.sac", "on": 'on = ["Hopper-v5"]', "steps": "steps = 100k", "trials": "trials = 50"}

# Every word of a tune that has a meaning of its own.
WORDS: Mapping[str, Slot] = {**TUNE, SEARCH.name: SEARCH}
