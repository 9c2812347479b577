"""Student's t distribution, by scipy's special functions: `scipy.stats` takes three times as long to import.

All functions are elementwise over arrays that broadcast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


def quantile(probability: float, df: float | Floats) -> Any:
    """The quantile of t with `df` degrees of freedom, df > 0 and not necessarily whole."""
    return special.stdtrit(df, probability)


def upper(t: float | Floats, df: float | Floats) -> Any:
    """P(T > t)."""
    return special.stdtr(df, np.negative(t))


def two_sided(t: float | Floats, df: float | Floats) -> Any:
    """P(|T| > |t|)."""
    return 2 * special.stdtr(df, -np.abs(t))
