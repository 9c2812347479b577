"""The estimates of one claim: by environment, over these environments, and for environments like these."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taxon.studies.statistics.comparison import Row
from taxon.studies.statistics.contrast import contrast
from taxon.studies.statistics.estimate import FEWEST, Estimate
from taxon.studies.statistics.moments import Moments
from taxon.studies.statistics.scale import Scale, factor

Cells = Mapping[tuple[Row, str], Moments]


@dataclass(frozen=True)
class Estimates:
    """A contrast by environment in raw units and its aggregates in scaled ones, None where nothing is aggregated."""

    environments: Mapping[str, Estimate]
    over_these: Estimate | None
    like_these: Estimate | None


def estimates(weights: Mapping[str, Mapping[Row, float]], cells: Cells, scale: Scale | None) -> Estimates:
    """All estimates of the contrast that weighs rows so on each environment."""
    found = {name: within(own, cells, name) for name, own in weights.items()}
    if scale is None or len(weights) == 1:
        return Estimates(found, None, None)
    return Estimates(found, over_these(weights, cells, scale), like_these(found, scale))


def within(weights: Mapping[Row, float], cells: Cells, environment: str) -> Estimate:
    """The contrast on one environment, in raw units."""
    return contrast({(row, environment): weight for row, weight in weights.items()}, cells)


def over_these(weights: Mapping[str, Mapping[Row, float]], cells: Cells, scale: Scale) -> Estimate:
    """The mean of the scaled contrasts: about these environments, so that only seeds vary."""
    share = {name: 1 / (factor(scale, name) * len(weights)) for name in weights}
    return contrast(
        {(row, name): weight * share[name] for name, own in weights.items() for row, weight in own.items()}, cells
    )


def like_these(found: Mapping[str, Estimate], scale: Scale) -> Estimate:
    """The same mean about environments of which these are a sample: t over the scaled contrasts, df = E - 1."""
    number = len(found)
    values = [estimate.value / factor(scale, name) for name, estimate in found.items() if estimate.value is not None]
    if len(values) < number:
        return Estimate.without("an environment has no estimate", number)
    mean = math.fsum(values) / number
    if number < FEWEST:
        return Estimate(mean, None, None, number, f"fewer than {FEWEST} environments")
    if min(values) == max(values):
        return Estimate(mean, 0.0, None, number, "environments do not differ")
    return Estimate(mean, float(np.std(values, ddof=1)) / math.sqrt(number), number - 1.0, number, None)
