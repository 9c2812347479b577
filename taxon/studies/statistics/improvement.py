"""The probability of improvement: that a seed of one row scores higher than a seed of another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from taxon.studies.statistics.student import Floats


def probability(x: Floats, y: Floats) -> Any:
    """P(x > y) + P(x = y) / 2 over all pairs: [..., n] and [..., m] give [...] (Mann & Whitney 1947, over n m).

    It is 1/2 where neither is better and takes -inf as the worst score. No monotone transform of the scores changes it.
    """
    a, b = x[..., :, None], y[..., None, :]
    return ((a > b) + 0.5 * (a == b)).mean((-1, -2))


def improvement(x: Sequence[Floats], y: Sequence[Floats]) -> Any:
    """The mean over environments of the probability of improvement, each [..., n_e] and [..., m_e]."""
    return np.mean([probability(a, b) for a, b in zip(x, y, strict=True)], axis=0)
