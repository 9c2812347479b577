"""A network of the agent, by what it is for: policy, critic, and whatever a choice adds beside them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """What builds a network, what the state keeps of it, and what it is updated with.

    Attributes:
        name: the agent's attribute, and the state's field with its parameters; its optimiser's memory and its lagged
            copy are fields named after it.
        network: lines of `__init__`, the last of which sets `self.<name>`. A network has `init(generator)`, one fresh
            row [P], and `apply`.
        letter: its parameters in LaTeX.
        optimiser: the word in `optimizer.<word>` whose choice steps it; empty where no gradient does.
        apply: the expression that applies it at {states}, over the parameters of every role that it reads, by name:
            `self.policy.apply({policy}, {states})`.
        members: networks in its ensemble, an axis E of the parameters; 0 where there is no such axis.
        lagged: the state keeps a copy that follows as `target` says.
        trained_by: the role whose loss trains it, as a further argument of that loss; empty where its own does, which
            the blocks `within` its name make up.
        beside: the role in whose function, and after which, its own step stands; empty where a schedule names it.
    """

    name: str
    network: str
    letter: str
    optimiser: str = ""
    apply: str = ""
    members: int = 0
    lagged: bool = False
    trained_by: str = ""
    beside: str = ""

    @property
    def shape(self) -> str:
        return "[S, E, P]" if self.members else "[S, P]"

    @property
    def init(self) -> str:
        """A fresh row for every seed."""
        one = f"self.{self.name}.init(generator)"
        one = f"ensemble_init(self.{self.name}, generator, {self.members})" if self.members else one
        return f"torch.stack([{one} for generator in generators])"

    @property
    def copy(self) -> str:
        """The field of the lagged copy."""
        return f"{self.name}_target"

    @property
    def place(self) -> str:
        """The role whose step it is updated with: its own, or another's."""
        return self.trained_by or self.beside or self.name
