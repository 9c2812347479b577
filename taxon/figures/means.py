"""The mean over seeds and its interval, as learning curves show them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from statistics import fmean, stdev
from typing import NamedTuple

from scipy import special

Points = Sequence[tuple[int, float]]
"""Environment steps and returns."""

FEWEST = 3  # seeds from which on their mean has an interval, as in a study's statistics
COVERAGE = 0.95
LARGEST = 1e100  # what is larger is not drawn: matplotlib computes with squares of it


class Mean(NamedTuple):
    """The mean over the same seeds at steps that follow each other."""

    seeds: int
    steps: list[int]
    means: list[float]
    halves: list[float]  # half-widths of the 95 % interval of the mean, by Student's t; none below FEWEST


def means(seeds: Mapping[int, Points]) -> Iterator[Mean]:
    """The mean over seeds in pieces, each of the same seeds, two or more. What cannot be drawn is left out."""
    at: dict[int, dict[int, float]] = {}
    for seed, points in seeds.items():
        for step, value in points:
            if drawable(value):
                at.setdefault(step, {})[seed] = value
    for members, group in groupby(sorted(at.items()), key=lambda entry: frozenset(entry[1])):
        rows = [(step, list(values.values())) for step, values in group]
        count = len(members)
        if count > 1:
            halves = [_half(values) for _, values in rows] if count >= FEWEST else []
            yield Mean(count, [step for step, _ in rows], [fmean(values) for _, values in rows], halves)


def drawable(value: float) -> bool:
    return abs(value) <= LARGEST


def _half(values: Sequence[float]) -> float:
    count = len(values)
    wide = float(special.stdtrit(count - 1, 1 - (1 - COVERAGE) / 2))
    return wide * stdev(values) / math.sqrt(count)
