"""A network of the agent, by what it is for: policy, critic, and whatever a choice adds beside them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """What builds a network, what the state keeps of it, and what it is updated with.

    Attributes:
        name: the agent's attribute, and the state's field with its parameters, what its optimiser keeps of them, and
            its lagged copy.
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
    def now(self) -> str:
        """Its parameters before the update, as an expression."""
        return f"state.{self.name}.params" if self.optimiser or self.lagged else f"state.{self.name}"

    @property
    def late(self) -> str:
        """Its lagged copy before the update; its parameters where it has none."""
        return f"state.{self.name}.target" if self.lagged else self.now

    @property
    def new(self) -> str:
        """Its parameters after its step in the update, or before it where that is another update's."""
        return f"{self.name}.params" if self.optimiser else self.name

    @property
    def lag(self) -> str:
        """The part of an update in which its copy follows."""
        return f"lag.{self.name}"

    def put(self, params: str) -> str:
        """The field after its step with other parameters, which may read `new`."""
        return f"{self.name}._replace(params={params})" if self.optimiser else params

    @property
    def place(self) -> str:
        """The role whose step it is updated with: its own, or another's."""
        return self.trained_by or self.beside or self.name
