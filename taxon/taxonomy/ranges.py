"""The numbers that a slot takes."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

_UNSAID = 1e12  # a bound that only keeps numbers within what a machine counts

# What is no integer is computed with in float32, which holds the square of numbers between these, and its inverse.
SMALLEST, LARGEST = 1e-18, 1e18


@dataclass(frozen=True)
class Range:
    """The numbers a slot takes."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    integer: bool = False

    def __contains__(self, number: float) -> bool:
        above = number > self.low if self.low_open else number >= self.low
        below = number < self.high if self.high_open else number <= self.high
        if not (above and below and math.isfinite(number)):
            return False
        return float(number).is_integer() if self.integer else not self.unheld(number)

    def unheld(self, number: float) -> str:
        """Why float32 cannot hold a number, in words; empty where it can."""
        if abs(number) > LARGEST or not math.isfinite(number):
            return f"too large for float32, which holds no square beyond {LARGEST:g}"
        if number != 0 and abs(number) < SMALLEST:
            return f"too small for float32, which holds no square below {SMALLEST:g}"
        (single,) = struct.unpack("f", struct.pack("f", number))
        end = next((end for end in (0, 1) if single == end != number and end in (self.low, self.high)), None)
        return "" if end is None else f"float32 rounds it to {end}"

    def __str__(self) -> str:
        noun = "an integer" if self.integer else "a number"
        low = f"{self.low:g}" if math.isfinite(self.low) else None
        high = f"{self.high:g}" if math.isfinite(self.high) and not (self.integer and self.high >= _UNSAID) else None
        if low and high:
            return f"{noun} in {'(' if self.low_open else '['}{low}, {high}{')' if self.high_open else ']'}"
        if low:
            return f"{noun} above {low}" if self.low_open else f"{noun} of at least {low}"
        if high:
            return f"{noun} below {high}" if self.high_open else f"{noun} of at most {high}"
        return noun


POSITIVE = Range(low=0, high=LARGEST, low_open=True)
NON_NEGATIVE = Range(low=0, high=LARGEST)
UNIT = Range(low=0, high=1)
COUNT = Range(low=1, high=_UNSAID, integer=True)
SEVERAL = Range(low=2, high=10_000, integer=True)  # one action alone always has weight 1
SOME = Range(low=1, high=10_000, integer=True)
WHOLE = Range(low=0, high=_UNSAID, integer=True)
UNFOLDED = Range(low=-18, high=1e5)  # a multiplier before its softplus: above, float32 loses steps of 0.01
