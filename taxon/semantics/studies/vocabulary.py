"""What the keys of a study take and what a claim may be, as slots and choices, so that one place types, completes and
explains them."""

from __future__ import annotations

from collections.abc import Mapping

from taxon.taxonomy.ranges import COUNT, POSITIVE, Range
from taxon.taxonomy.schema import Choice, Slot

# More seeds than any machine stacks.
_SEEDS = Range(1, 100_000, integer=True)
_ORDERS = Range(1, 1_000, integer=True)

_ADAPTIVE = Choice(
    "adaptive",
    "more seeds until every claim is decided: all claims at each look, at an equal share of alpha",
    (
        Slot("first", "the seeds of the first look", None, _SEEDS),
        Slot("most", "the seeds of the last look", None, _SEEDS),
        Slot("step", "how many seeds each further look adds", None, _SEEDS),
    ),
)
_FINAL = Choice(
    "final",
    "the mean of the evaluations in the last part of a run, at least one",
    (Slot("fraction", "the part of the run's steps", "0.1", Range(0, 1, low_open=True)),),
)
_SCORES = (
    _FINAL,
    Choice("auc", "the mean return over the run: each evaluation weighs as much as the steps before it"),
    Choice("best", "the largest evaluation: biased upwards, the more so the noisier, so no claim may rest on it"),
)
_FAILURES = (
    Choice("floor", "the lesser of its last evaluation and the return of a policy that acts at random"),
    Choice("last", "its last evaluation"),
    Choice("exclude", "it is left out, which favours what fails"),
)
_REFUSED = (
    Choice("error", "the study is wrong"),
    Choice("leave_out", "the grid goes without it, and says so"),
)
_WALK = Choice(
    "walk",
    "from one row to another through rows that mean something, one choice at a time",
    (
        Slot("from", "the algorithm to begin with"),
        Slot("to", "the algorithm to end with"),
        Slot(
            "orders",
            "how many orders of the choices are sampled; `ends` moves each choice alone on the first row, and takes "
            "each back alone from the last",
            "1",
            _ORDERS,
            choices=(Choice("ends", "each choice alone on either row: the cheap bracket"),),
        ),
        Slot("together", "prefixes of paths whose choices move in one step, as in `[network, optimizer]`"),
    ),
    source="an average over orders is the Shapley value: Shapley 1953",
)

STUDY: Mapping[str, Slot] = {
    "base": Slot("base", "the algorithm that the study varies; a list of them is a factor named `base`"),
    "ladder": Slot("ladder", "a walk between two algorithms, in place of a base and what varies", choices=(_WALK,)),
    "on": Slot("on", "the environments, as a list of strings"),
    "seeds": Slot("seeds", "how many seeds each cell has", None, _SEEDS, choices=(_ADAPTIVE,)),
    "steps": Slot("steps", "environment steps of each seed", None, COUNT),
    "score": Slot("score", "what of a seed's evaluations is its score", "final(0.1)", choices=_SCORES),
    "failure": Slot("failure", "the score of a seed whose numbers froze", "floor", choices=_FAILURES),
    "scale": Slot(
        "scale", 'the returns that are 0 and 1 where environments are averaged: `{ "Hopper-v4" = [18, 3013] }`'
    ),
    "refused": Slot("refused", "what a cell whose row means nothing is", "error", choices=_REFUSED),
}
REQUIRED = ("base", "on", "seeds", "steps")
BY_ENVIRONMENT = ("seeds", "steps")
EXAMPLES = {"base": "base = std.sac", "on": 'on = ["Hopper-v5"]', "seeds": "seeds = 10", "steps": "steps = 1M"}

_UNIT = "in units of `scale` where the study has one, else of the return"
_MARGINS = (
    Slot("above", f"the claim is that it is larger than this, {_UNIT}", None, Range()),
    Slot("below", f"the claim is that it is smaller than this, {_UNIT}", None, Range()),
    Slot("within", f"the claim is that it is nearer to 0 than this, {_UNIT}", None, POSITIVE),
)
MARGINS = tuple(slot.name for slot in _MARGINS)
_LEVELS = Slot("levels", "two levels of the first factor, where it has more or the other order is meant")

CLAIMS = Slot(
    "claim",
    "a contrast of cells, and what it is claimed to be",
    choices=(
        Choice(
            "effect",
            "the second level of a factor less the first, every other factor at the level that is named: "
            "`effect(double, base = std.sac, above = 0)`",
            (_LEVELS, *_MARGINS),
            equation="m(second) - m(first)",
        ),
        Choice(
            "main",
            "the effect of a factor, averaged over the levels of the factors that are not named: "
            "`main(double, above = 0)`",
            (_LEVELS, *_MARGINS),
            equation="mean over the other levels of [m(second) - m(first)]",
        ),
        Choice(
            "interaction",
            "the effect of a factor at the first level of another one, less that at the second, averaged over the "
            "levels of the factors that are not named: `interaction(double, base, above = 0)`",
            (_LEVELS, *_MARGINS),
            equation="[m(second, first) - m(first, first)] - [m(second, second) - m(first, second)]",
        ),
        Choice(
            "rung",
            "of a ladder: what a choice contributes, averaged over the orders: `rung(G.estimate, above = 0)`",
            _MARGINS,
            equation="mean over the orders of [m(with it) - m(before it)]",
            source="Shapley 1953",
        ),
        Choice(
            "total",
            "of a ladder: its last row less its first: `total(above = 0)`",
            _MARGINS,
            equation="m(to) - m(from)",
        ),
    ),
)  # fmt: skip
OF_LADDERS = ("rung", "total")

# Every word of a study that has a meaning of its own.
WORDS: Mapping[str, Slot] = {**STUDY, CLAIMS.name: CLAIMS}
