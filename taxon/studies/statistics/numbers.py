"""Numbers as a sentence writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from taxon.studies.statistics.estimate import Interval

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def estimate(value: float, interval: Interval) -> str:
    """`+1412 [780, 2044]`, with decimals such that rounding moves an end by a tenth of the half-width at most."""
    places = _places((interval[1] - interval[0]) / 2)
    return f"{number(value, places, sign=True)} [{number(interval[0], places)}, {number(interval[1], places)}]"


def alone(value: float) -> str:
    """A value without an interval, to three significant digits or to the unit."""
    return number(value, 0 if abs(value) >= 100 else 2, sign=True)


def number(value: float, places: int, sign: bool = False) -> str:
    """A number with so many decimals, never `-0`."""
    rounded = round(value, places) + 0.0
    return f"{rounded:+.{places}f}" if sign and rounded != 0 else f"{rounded:.{places}f}"


def probability(p: float) -> str:
    """`p = .034`, `p < .001`."""
    return "p < .001" if p < 0.0005 else f"p = {p:.3f}".replace("= 0.", "= .")


def count(n: int) -> str:
    """A number of things, as a word up to twelve."""
    return WORDS[n] if n < len(WORDS) else str(n)


def listed(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _places(half: float) -> int:
    return max(0, math.ceil(math.log10(5 / half)))
