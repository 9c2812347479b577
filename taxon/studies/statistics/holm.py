"""Holm's correction for several hypotheses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p, in the order given: reject where one is at most alpha, and all rejections are right with 1 - alpha.

    The k-th smallest of m is multiplied by m - k + 1, made at least as large as the one before, and at most 1 (Holm
    1979). It holds however the hypotheses depend on each other.
    """
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    raised = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(raised, 1)
    return [float(value) for value in adjusted]
