"""Summaries of a row over environments: mean, median, interquartile mean, optimality gap, performance profile.

`scores` are arrays [..., n_e], one an environment, in scaled units; a summary is [...]. The numbers of seeds may
differ. All are those of rliable (Agarwal et al. 2021), and equal its own where every environment has as many seeds. A
score of -inf enters no mean: the summary is -inf where it would.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from taxon.studies.statistics.student import Floats

Scores = Sequence[Floats]


def mean(scores: Scores) -> Any:
    """The mean over environments of the mean over seeds."""
    return np.mean(_means(scores), axis=0)


def median(scores: Scores) -> Any:
    """The median over environments of the mean over seeds."""
    return np.median(_means(scores), axis=0)


def interquartile_mean(scores: Scores) -> Any:
    """The mean of all scores but the floor(N / 4) smallest and as many of the largest, as `scipy.stats.trim_mean`."""
    pooled = np.sort(np.concatenate(scores, axis=-1), axis=-1)
    count = pooled.shape[-1]
    cut = count // 4
    return pooled[..., cut : count - cut].mean(-1)


def optimality_gap(scores: Scores, target: float = 1.0) -> Any:
    """How far scores stay below `target`: target less the mean of min(score, target)."""
    return target - mean([np.minimum(values, target) for values in scores])


def profile(scores: Scores, thresholds: Sequence[float] | Floats) -> Floats:
    """The share of scores that are larger (>) than each threshold, the mean over environments: [..., K]."""
    taus = np.asarray(thresholds, np.float64)
    shares = np.stack([(values[..., None] > taus).mean(-2) for values in scores])
    return np.asarray(shares.mean(0), np.float64)


def _means(scores: Scores) -> Floats:
    return np.stack([values.mean(-1) for values in scores])
