"""What is logged of a policy at an update, beside its loss: how far it spreads, where its family computes that.

A metric belongs to the block of the choice that it is about; what several blocks log alike is written here. Each is
[S], and finite wherever the loss is: a number that is not finite stops its seed.
"""

from __future__ import annotations

from taxon.compiler.blocks.policy import family
from taxon.compiler.choices import Choices

Metrics = tuple[tuple[str, str], ...]


def entropy(c: Choices, prefix: str = "", valid: str = "") -> Metrics:
    """The entropy of the policy at the states of the update, in closed form."""
    made = c.take(family)
    return (("entropy", averaged(made.write(made.entropy, prefix), valid)),) if made.entropy else ()


def deviations(c: Choices, prefix: str = "") -> Metrics:
    """The mean and the least of the policy's trained deviations, over states and dimensions, before squashing."""
    made = c.take(family)
    if not made.deviation:
        return ()
    std = made.write(made.deviation, prefix)
    return (("std_mean", f"seed_average({std})"), ("std_min", f"seed_least({std})"))


def averaged(what: str, valid: str = "") -> str:
    """The mean over a batch; over the steps that are none of the padding, where there may be some."""
    return f"valid_average({what}, {valid})" if valid else f"average({what})"
