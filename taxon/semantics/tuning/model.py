"""A tune as data: what is searched, and how a trial's values become a row. Nothing here computes with returns."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from taxon.semantics.layers import Target
from taxon.semantics.studies.model import Score
from taxon.semantics.studies.rows import Found
from taxon.syntax.printing import number

_DIGITS = 4  # significant digits of a value that is drawn

# The values of a trial, as they are written, by the names of the dimensions.
Values = Mapping[str, str]

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]{1,3})?")


@dataclass(frozen=True)
class Numbers:
    """The numbers from `low` to `high`, both included; with a `step` those that lie so far apart, from `low` on."""

    low: float
    high: float
    integer: bool = False
    log: bool = False
    step: float | None = None

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high and (not self.integer or float(number).is_integer())

    def points(self, count: int) -> list[float]:
        """So many numbers from end to end, evenly or evenly in the logarithm; with a step, all that it leads to."""
        if self.step is not None:
            low, each, unit, last = self._steps(self.step)
            return [(low + at * each) / unit for at in range(last + 1)]
        parts = [at / (count - 1) for at in range(count)]
        if self.log:
            return [math.exp(math.log(self.low) + at * (math.log(self.high) - math.log(self.low))) for at in parts]
        return [self.low + at * (self.high - self.low) for at in parts]

    def text(self, value: float) -> str:
        """The value of the search that is nearest to a number, as it is written: a whole number, one at a step, or one
        of four digits, and never beyond the ends."""
        if self.step is not None:
            low, each, unit, last = self._steps(self.step)
            value = (low + min(max(round((value - self.low) / self.step), 0), last) * each) / unit
        if self.integer:
            return str(round(min(max(value, self.low), self.high)))
        if self.step is None:
            value = min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)
        return f"{value:.0f}" if value.is_integer() else number(value)

    def _steps(self, step: float) -> tuple[int, int, int, int]:
        """The least number and a step as whole multiples of one over a unit, that unit, and how many steps there are.

        All of it is of the numbers as they are written, in decimals: as binary fractions three steps of 0.3 end below
        0.9.
        """
        low, high, each = (Fraction(repr(float(number))) for number in (self.low, self.high, step))
        unit = math.lcm(low.denominator, each.denominator)
        return int(low * unit), int(each * unit), unit, (high - low) // each

    def __str__(self) -> str:
        kind = "integer" if self.integer else "log_uniform" if self.log else "uniform"
        step = "" if self.step is None else f", step = {number(self.step)}"
        log = ", log = true" if self.integer and self.log else ""
        return f"{kind}({number(self.low)}, {number(self.high)}{step}{log})"


@dataclass(frozen=True)
class Named:
    """A declaration as a file beside the tune's names it: its file is to be imported, where it has one of its own."""

    name: str
    file: Path | None


@dataclass(frozen=True)
class Dimension:
    """What is searched at a path: numbers, or the levels that are listed; or among architectures, which are `named`."""

    name: str
    numbers: Numbers | None
    levels: tuple[str, ...] = ()
    named: Mapping[str, Named] = field(default_factory=dict, compare=False, repr=False)  # by level

    def holds(self, text: str) -> bool:
        """Whether a text is one of its values."""
        if self.numbers is None:
            return text in self.levels
        return len(text) <= 32 and _NUMBER.fullmatch(text) is not None and float(text) in self.numbers

    def points(self, count: int) -> tuple[str, ...]:
        """Its values in a grid: the levels, or what a range is cut into, `count` of them where it has no step."""
        if self.numbers is None:
            return self.levels
        return tuple(dict.fromkeys(map(self.numbers.text, self.numbers.points(count))))

    def __str__(self) -> str:
        word = "with" if self.named else "in"
        return f"{self.name} {word} {self.numbers or '[' + ', '.join(self.levels) + ']'}"


@dataclass(frozen=True)
class Method:
    """A sampler or a pruner with its parameters."""

    kind: str
    parameters: Mapping[str, float]

    def __str__(self) -> str:
        said = ", ".join(f"{name} = {value:g}" for name, value in self.parameters.items())
        return f"{self.kind}({said})" if said else self.kind

    def whole(self, name: str) -> int:
        """A parameter that is a whole number."""
        return int(self.parameters[name])


@dataclass(frozen=True)
class Tune:
    """A tune that means something, resolved.

    row: the row of some values in an environment, or what refuses it. target: an environment with its kind of actions.
    """

    name: str
    doc: str
    base: str  # as the tune names it
    dimensions: tuple[Dimension, ...]
    environments: tuple[str, ...]
    seeds: range
    steps: int
    trials: int
    at_once: int
    score: Score
    failure: str  # "floor", "last" or "exclude"
    scale: Mapping[str, tuple[float, float]]  # by environment, the returns that are 0 and 1; empty where none is said
    sampler: Method
    pruner: Method
    row: Callable[[Values, str], Found] = field(compare=False, repr=False)
    target: Callable[[str], Target] = field(compare=False, repr=False)
    parent: Named = field(compare=False, repr=False)  # the base
