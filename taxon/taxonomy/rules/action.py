"""TX3xx on the distribution of actions and what bounds it."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.rules.rule import Conflict, Rule, registrar

RULES: list[Rule] = []

rule = registrar(RULES)


@rule(
    "TX319",
    "a penalty that is always zero",
    "A squashed action, or a mean behind tanh, lies inside [-1, 1] for every parameter: the penalty and its gradient "
    "are 0.",
    "Furuta et al. 2021, Section 4.2.3",
)
def _penalty_inside(row: Row) -> Conflict | None:
    kind = row.base("bounds")
    if kind != "none" and facts.squashed(row):
        return Conflict(
            "a squashed policy cannot leave [-1, 1], so the penalty is always 0",
            (("bounds", "penalises actions outside [-1, 1]"), ("pi_theta", "has none")),
            "write `bounds = none`",
        )
    if kind == "quadratic" and row.base("network.policy.mean") == "tanh":
        return Conflict(
            "a mean behind tanh cannot leave [-1, 1], so the penalty is always 0",
            (("bounds", "penalises means outside [-1, 1]"), ("network.policy.mean", "keeps them inside")),
            "write `bounds = none`, or `network.policy.mean = linear`",
        )
    return None


@rule(
    "TX321",
    "an empty interval",
    "The log-deviation is clamped to [low, high]; with low not below high the policy's deviation is one constant.",
)
def _empty_interval(row: Row) -> Conflict | None:
    path = "network.policy.std"
    if row.base(path) == "exp" and row.number(f"{path}.low") >= row.number(f"{path}.high"):
        return Conflict(
            "`low` is not below `high`, so no deviation can be learned",
            ((f"{path}.low", "the smallest log-deviation"), (f"{path}.high", "the largest")),
            "write for example `network.policy.std = exp(low = -20, high = 2)`",
        )
    return None
