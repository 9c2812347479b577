"""Roles: what a network adds to the module, where its parameters are read, and the step of its loss."""

from __future__ import annotations

from taxon.compiler.block import Step
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.choices import Choices
from taxon.compiler.roles import Role


def enlist(c: Choices, role: Role) -> None:
    """Add a network: what builds it, its parameters, and what its optimiser keeps of them."""
    c.roles[role.name] = role
    c.attributes += role.network.splitlines()
    if role.optimiser:
        optimiser(c, role.optimiser).field(c, role.name, role.shape, role.init)
    else:
        c.field(role.name, role.shape, role.init, local=True)


def copies(c: Choices) -> bool:
    """Whether the row has lagged copies of its networks."""
    return "target" in c.row and c.base("target") != "none"


def applied(c: Choices, name: str, parameters: str, states: str) -> str:
    """The expression that applies a network at some states.

    parameters: where its own stand: `policy` inside its loss, `state.policy`, or `state.policy_target`. Those of the
    other roles that it reads are taken from the same place, and as they stand where they have no lagged copy.
    """
    role = c.roles[name]
    of = {role.name: parameters}
    for other in c.roles.values():
        if other is not role:
            kept = parameters if other.lagged else parameters.removesuffix("_target")
            of[other.name] = kept.replace(role.name, other.name, 1)
    return role.apply.format(states=states, **of)


def descend(c: Choices, name: str, loss: str, cost: str, metric: str) -> None:
    """The step of a role's own loss, which the blocks `within` its name make up.

    loss: the name of the function. cost: of its value. metric: the first word of what is logged of it.
    """
    role = c.roles[name]
    descent = optimiser(c, role.optimiser)
    step = Step(name, loss, cost, descent.step(name, f"{name}_gradient"))
    metrics = ((f"{metric}_loss", cost), (f"{metric}_gradient", f"row_norm({name}_gradient)"))
    c.add(name, "", *descent.writes(name), step=step, metrics=metrics)
