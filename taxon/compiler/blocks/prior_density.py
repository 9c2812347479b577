"""What pi_p is to the others: how it is described, and its density where a parametric pi_q is held against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.blocks.policy import family
from taxon.compiler.choices import Choices
from taxon.compiler.families.family import Family

Description = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Prior:
    """What pi_p is, and its density, which a parametric pi_q is held against."""

    describe: Callable[[Choices], Description]  # adds what it adds; text, equations, the lines, the leaves
    prefix: str = ""  # of its parameters, in the policy's family; none where it is uniform, and log pi_p a constant
    name: Callable[[Choices], None] | None = None  # adds what names those parameters at the states of the update
    tex: str = r"\pi_p"
    acts: bool = False  # it is the policy that collects the data

    @property
    def uniform(self) -> bool:
        return not self.prefix


def prior_of(c: Choices) -> Prior:
    """The prior of the row."""
    made: Prior = c.meaning("pi_p")
    return made


def log_prior(c: Choices, axis: str, action: str, u: str) -> str:
    """log pi_p of an action; empty where it is a constant. `u`: the action before squashing."""
    return _of_prior(c, lambda made, prefix: made.log_density(prefix, axis, action, u))


def prior_likelihood(c: Choices, axis: str, x: str) -> str:
    """log pi_p of an action before squashing, less the Jacobian, which pi_q has too; empty where it is a constant."""
    return _of_prior(c, lambda made, prefix: made.likelihood(prefix, axis, x))


def log_prior_all(c: Choices) -> str:
    """log pi_p of every action, where they are finitely many; empty where it is a constant."""
    return _of_prior(c, lambda made, prefix: made.write(made.log_all, prefix))


def prior_parameters(c: Choices) -> str:
    """What the names of the prior's parameters begin with, once a block names them; empty where it is uniform."""
    found = prior_of(c)
    if found.name is not None:
        found.name(c)
    return found.prefix


def _of_prior(c: Choices, write: Callable[[Family, str], str]) -> str:
    prefix = prior_parameters(c)
    return write(c.take(family), prefix) if prefix else ""
