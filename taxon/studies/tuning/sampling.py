"""What a trial's values are proposed by: drawn, counted out, or found by Optuna from the trials before it.

A proposal follows from the number of the trial and from what the trials that it may rest on came to, and from nothing
else: no state is kept, so a search that was killed proposes what it would have proposed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from taxon.semantics.tuning import Dimension, Numbers, Tune
from taxon.semantics.tuning.model import Values
from taxon.studies.tuning.trial import Trial


class Sampler(Protocol):
    """Proposes trials."""

    @property
    def informed(self) -> bool:
        """Whether a proposal rests on earlier trials."""

    def propose(self, before: Sequence[Trial]) -> Values:
        """The values of the next trial.

        before: all trials so far in their order; those that it may not rest on are open.
        """


@dataclass(frozen=True)
class Random:
    """Every trial drawn anew."""

    dimensions: Sequence[Dimension]
    informed: bool = False

    def propose(self, before: Sequence[Trial]) -> Values:
        random = np.random.default_rng([0, len(before)])
        return {dimension.name: _drawn(dimension, random) for dimension in self.dimensions}


def _drawn(dimension: Dimension, random: np.random.Generator) -> str:
    numbers = dimension.numbers
    if numbers is None:
        return dimension.levels[int(random.integers(len(dimension.levels)))]
    return numbers.text(_number(numbers, random))


def _number(numbers: Numbers, random: np.random.Generator) -> float:
    if numbers.step is not None:
        return float(random.choice(numbers.points(2)))
    room = 0.5 if numbers.integer else 0.0  # a whole number stands for what is rounded to it
    low, high = numbers.low - room, numbers.high + room
    if numbers.log:
        return math.exp(random.uniform(math.log(low), math.log(high)))
    return float(random.uniform(low, high))


@dataclass(frozen=True)
class Grid:
    """Every combination, the last dimension first."""

    dimensions: Sequence[Dimension]
    points: int
    informed: bool = False

    def propose(self, before: Sequence[Trial]) -> Values:
        rest, values = len(before), {}
        for dimension in reversed(self.dimensions):
            points = dimension.points(self.points)
            rest, at = divmod(rest, len(points))
            values[dimension.name] = points[at]
        return {dimension.name: values[dimension.name] for dimension in self.dimensions}


def sampler(tune: Tune) -> Sampler:
    """The sampler that a tune says. Raises UserError where it needs Optuna, which is not installed."""
    method = tune.sampler
    match method.kind:
        case "random":
            return Random(tune.dimensions)
        case "grid":
            return Grid(tune.dimensions, method.whole("points"))
    from taxon.studies.tuning.with_optuna import Informed, Replayed

    return Replayed(tune) if method.kind == "cmaes" else Informed(tune)
