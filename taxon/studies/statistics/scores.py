"""The score of a run: one number of its curve of evaluations.

A curve is `times` [k], environment steps in rising order, and `returns` [k], each the mean over the episodes of an
evaluation. `steps` is where the score is taken: what was evaluated later does not count, so a longer run serves a
shorter study. A curve that ends before it is refused: its last value is never taken for what was not evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.student import Floats

Curve = Sequence[float] | Floats


def final(times: Curve, returns: Curve, steps: float, fraction: float = 0.1) -> float:
    """The mean of the evaluations in (steps (1 - fraction), steps], at least the last one."""
    if not 0 < fraction <= 1:
        raise StatisticsError(f"final({fraction:g}): a fraction lies in (0, 1]")
    t, r = _until(times, returns, steps)
    late = t > steps - fraction * steps
    return float(r[late].mean()) if late.any() else float(r[-1])


def auc(times: Curve, returns: Curve, steps: float) -> float:
    """The area under the curve over its length, a mean return: sum r_i (t_i - t_(i-1)) / t_k with t_0 = 0."""
    t, r = _until(times, returns, steps)
    return float((r * np.diff(t, prepend=0.0)).sum() / t[-1])


def best(times: Curve, returns: Curve, steps: float) -> float:
    """The largest evaluation. It is biased upwards, the more the noisier and the more frequent evaluations are."""
    return float(_until(times, returns, steps)[1].max())


def _until(times: Curve, returns: Curve, steps: float) -> tuple[Floats, Floats]:
    """The curve up to `steps`, if it reaches that far: no further evaluation was due."""
    t, r = np.asarray(times, np.float64), np.asarray(returns, np.float64)
    if t.ndim != 1 or t.shape != r.shape:
        raise StatisticsError("a curve has as many times as returns")
    if not steps > 0:
        raise StatisticsError(f"a score is taken at a positive number of steps, not at {steps:g}")
    if len(t) and (t[0] < 0 or (np.diff(t) <= 0).any()):
        raise StatisticsError("the times of a curve rise, from 0 on")
    if np.isnan(r).any():
        raise StatisticsError("an evaluation is not a number: such a seed is frozen, and its last finite one counts")
    t, r = t[t <= steps], r[t <= steps]
    if len(t) == 0 or t[-1] == 0:
        raise StatisticsError("a curve without an evaluation after its first step has no score")
    if steps - t[-1] >= np.diff(t, prepend=0.0).max():
        raise StatisticsError(f"a curve that ends at {t[-1]:.0f} of {steps:.0f} steps has no score there")
    return t, r
