"""What a path of the language may hold: slots, choices and their parameters.

A `Slot` is one path (`pi_q.update`) or one parameter of a constructor (`samples`). It says which values it takes: a
number, a truth value, a list of integers, or a `Choice` from a closed set. A choice may have parameters, which are
slots again, so `pi_q.update.trust_region.kl` is a path like any other. The schema holds data only; the checker, the
compiler, completion and the documentation read it from here.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taxon.taxonomy.row import Row

# Why a slot has no effect in a row, or None where it applies.
Applies = Callable[["Row"], str | None]

# A cell of Table 1: a text, or a function of the row and the path the choice stands at.
Term = str | Callable[["Row", str], str]

# The headings of Table 1, and what it leaves out: a slot belongs to one of them.
LEVELS = ("algorithm", "implementation", "code")

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
WHOLE = Range(low=0, high=_UNSAID, integer=True)
UNFOLDED = Range(low=-18, high=1e5)  # a multiplier before its softplus: above, float32 loses steps of 0.01


# What a choice may say of itself. One that says nothing has none of it, and the compiler refuses what it cannot say.
PROPERTIES = {
    "scores_actions": "G reads a network Q(s, a)",
    "state_value": "G is an estimate less a network V(s)",
    "logarithm": "G is eta times a logarithm, which exp(G/eta) undoes",
    "untrained": "no network stands behind G",
    "looks_ahead": "the estimate reads more than one step, whatever its parameters",
    "by_lambda": "the estimate looks as far ahead as its lambda says",
    "bootstraps_each": "the estimate reads a value V(s') at every step that it looks over",
    "temperature": "the weights f(G) have a temperature",
    "solves": "the policy's parameters are found at once, not by following a gradient",
    "in_closed_form": "they are found in closed form, not by iterations",
    "squashed": "the policy's actions stand behind tanh",
    "learned": "the covariance has parameters",
    "log_deviation": "a deviation that no head computes is trained by its logarithm",
    "perturbed": "the deviations are those of the parameters of a linear mean",
    "replayed": "the data are those of all policies so far",
    "on_policy": "the data are what the present policy has just collected",
}

# What can be computed of a distribution. A rule refuses by the capability that is missing, and says which; the
# compiler's families have exactly those that their choices declare.
CAPABILITIES = {
    "sample": "actions are drawn from it",
    "log_prob": "the log-likelihood of an action",
    "finite": "the log-likelihood of every action, of which there are finitely many",
    "pathwise": "the gradient of an action by the parameters",
    "mean": "a mean in the units of the actions, which the network gives",
    "box": "actions that lie in [-1, 1] whatever the parameters",
    "entropy": "the entropy in closed form",
    "kl": "the divergence from another of its kind, in closed form",
    "parts": "a divergence that comes apart into a mean's and a covariance's",
    "held": "the likelihood of an action with the mean or the covariance as it was",
    "fit": "the parameters that maximise a weighted likelihood, found at once",
    "closed_form": "those parameters in closed form",
}


@dataclass(frozen=True)
class Choice:
    """One member of a closed set.

    `key` is the canonical spelling: a name that may take parameters (`analytic`), or a fixed phrase (`Q[pi_p]`,
    `cov(s)`). A modifier is added to a base choice with `+`. `PROPERTIES` says what each property means, `CAPABILITIES`
    what each capability of a distribution is.
    """

    key: str
    doc: str
    parameters: tuple[Slot, ...] = ()
    modifier: bool = False
    aliases: tuple[str, ...] = ()  # other spellings that mean the same
    term: Term = ""  # how Table 1 of Furuta et al. 2021 prints it
    leads: bool = False  # a modifier that Table 1 prints before its base ("Mixture + SG")
    equation: str = ""
    source: str = ""
    bases: tuple[str, ...] = ()  # of a modifier: the choices that it goes with in some row; none said means all
    operator: str = ""  # what implements it in taxon.operators or taxon.networks: a function, or a file of several
    properties: frozenset[str] = frozenset()  # what rules and other choices may ask of it, never its name
    capabilities: frozenset[str] = frozenset()  # of a distribution
    keeps: frozenset[str] = frozenset()  # of a distribution over another at `base`: what it keeps of that one's
    package: str = ""  # the installed package that added it; of taxon itself where there is none


@dataclass(frozen=True)
class Slot:
    """One path, or one parameter of a constructor.

    `default` is a value in the language's own text, or None where the row must say. `spread` names the prefix under
    which a shared path fans out: setting `network.activation` sets it for every network of the row.
    """

    name: str
    doc: str
    default: str | None = None
    number: Range | None = None
    boolean: bool = False
    integers: Range | None = None
    may_be_empty: bool = False  # of a list of integers
    choices: tuple[Choice, ...] = ()
    applies: Applies | None = None
    spread: tuple[str, ...] = ()  # a path that sets these paths instead of a leaf of its own
    level: str = "code"  # one of LEVELS

    def choice(self, key: str) -> Choice | None:
        """The choice of that spelling or alias."""
        return next((choice for choice in self.choices if key == choice.key or key in choice.aliases), None)

    @property
    def bases(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if not choice.modifier)

    @property
    def modifiers(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if choice.modifier)
