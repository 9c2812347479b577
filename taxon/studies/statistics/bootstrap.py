"""Stratified percentile bootstrap, for the summaries that no formula gives an interval.

Percentile intervals are too narrow for few seeds (docs/statistics.md), so their deviations from the estimate are
lengthened by sqrt(n / (n - 1)), which is the bias of a resampled mean's deviation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.estimate import FEWEST, Interval
from taxon.studies.statistics.student import Floats

REPETITIONS = 2000
SEED = 0

Groups = Sequence[Sequence[Floats]]
"""Rows, each with an array of scores [n_e] an environment."""


def resample(groups: Groups, repetitions: int = REPETITIONS, seed: int = SEED) -> list[list[Floats]]:
    """Scores drawn with replacement within each row and environment: [n_e] become [B, n_e].

    A row with as many seeds in each of its E environments draws `integers(0, n, (B, n, E))`; one with different numbers
    draws `integers(0, n_e, (B, n_e))` for one environment after the other. Rows draw one after the other.
    """
    generator = np.random.default_rng(seed)
    drawn = []
    for scores in groups:
        sizes = [len(values) for values in scores]
        if len(set(sizes)) == 1:
            places = generator.integers(0, sizes[0], (repetitions, sizes[0], len(sizes)))
            drawn.append([values[places[..., column]] for column, values in enumerate(scores)])
        else:
            drawn.append(
                [values[generator.integers(0, n, (repetitions, n))] for n, values in zip(sizes, scores, strict=True)]
            )
    return drawn


def interval(
    statistic: Callable[..., Any],
    groups: Groups,
    alpha: float = 0.05,
    repetitions: int = REPETITIONS,
    seed: int = SEED,
) -> Interval | None:
    """The interval of `statistic(*groups)`, which takes each row as arrays [..., n_e] and gives [...].

    It is that between the linear quantiles alpha / 2 and 1 - alpha / 2 of the statistic of resampled scores, with each
    end's deviation times sqrt(n / (n - 1)), n the smallest number of seeds. None with n < 3, where -inf enters a
    mean, and where no resample differs from another: that all seeds agree does not make the estimate certain.
    """
    sizes = [len(values) for scores in groups for values in scores]
    if not sizes or min(sizes) == 0:
        raise StatisticsError("a bootstrap needs scores of each row on each environment")
    n = min(sizes)
    if n < FEWEST:
        return None
    with np.errstate(invalid="ignore"):
        estimate = float(statistic(*groups))
        values = np.asarray(statistic(*resample(groups, repetitions, seed)))
    if not (math.isfinite(estimate) and np.isfinite(values).all()) or values.min() == values.max():
        return None
    low, high = np.quantile(values, [alpha / 2, 1 - alpha / 2])
    factor = math.sqrt(n / (n - 1))
    return estimate + float(low - estimate) * factor, estimate + float(high - estimate) * factor
