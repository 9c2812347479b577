"""Scaled units: (x - low) / (high - low) by constants that the study fixes, an environment each.

Never by the runs' own extremes: those change when a row is added, and every number with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.student import Floats

Scale = Mapping[str, tuple[float, float]]
"""[low, high] of each environment."""


def factor(scale: Scale, environment: str) -> float:
    """The raw units in one scaled one, high - low; StatisticsError where the study has none."""
    if environment not in scale:
        raise StatisticsError(f"the scale has no [low, high] for {environment}")
    low, high = scale[environment]
    if not high > low:
        raise StatisticsError(f"the scale of {environment} rises: [{low:g}, {high:g}] does not")
    return high - low


def scaled(scores: Sequence[Floats], environments: Sequence[str], scale: Scale) -> list[Floats]:
    """Scores [..., n_e] of each environment in scaled units."""
    units = [factor(scale, name) for name in environments]
    return [(values - scale[name][0]) / unit for values, name, unit in zip(scores, environments, units, strict=True)]
