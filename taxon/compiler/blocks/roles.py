"""Roles: what a network adds to the module, where its parameters are read, and the step of its loss."""

from __future__ import annotations

from taxon.compiler.block import Step
from taxon.compiler.blocks.optimizer import keep, optimiser
from taxon.compiler.choices import Choices
from taxon.compiler.roles import Role


def enlist(c: Choices, role: Role) -> None:
    """Add a network: what builds it, its parameters, what its optimiser keeps of them, and their lagged copy."""
    c.roles[role.name] = role
    c.attributes += role.network.splitlines()
    if role.optimiser or role.lagged:
        moments = optimiser(c, role.optimiser).moments if role.optimiser else 0
        keep(c, role.name, role.shape, role.init, moments, role.lagged)
    else:
        c.field(role.name, role.shape, role.init)


def copies(c: Choices) -> bool:
    """Whether the row has lagged copies of its networks."""
    return "target" in c.row and c.base("target") != "none"


def applied(c: Choices, name: str, parameters: str, states: str) -> str:
    """The expression that applies a network at some states.

    parameters: where its own stand: its name inside a function of them, as its loss is, or `now`, `late` or `new` of
    its role. Those of the other roles that it reads are taken from the same place.
    """
    role = c.roles[name]
    of = {other.name: _alike(role, parameters, other) for other in c.roles.values()} | {name: parameters}
    return role.apply.format(states=states, **of)


def _alike(role: Role, parameters: str, other: Role) -> str:
    """Where the parameters of another role stand beside those of a role."""
    if parameters == role.late:
        return other.late
    if parameters == role.now:
        return other.now
    together = parameters == role.name and (role.trained_by or role.name) == (other.trained_by or other.name)
    return other.name if together else other.new


def descend(c: Choices, name: str, loss: str, cost: str, metric: str) -> None:
    """The step of a role's own loss, which the blocks `within` its name make up.

    loss: the name of the function. cost: of its value. metric: the first word of what is logged of it.
    """
    role = c.roles[name]
    descent = optimiser(c, role.optimiser)
    step = Step(name, role.now, loss, cost, descent.step(name, f"{name}_gradient"))
    metrics = ((f"{metric}_loss", cost), (f"{metric}_gradient", f"row_norm({name}_gradient)"))
    c.add(name, "", name, step=step, metrics=metrics)
