"""An encoder of the observation: a network that policy and critic see through, trained by the critic's loss alone."""

from __future__ import annotations

from taxon.compiler.block import Section
from taxon.compiler.blocks.network import Input
from taxon.compiler.blocks.roles import applied, enlist
from taxon.compiler.choices import Choices
from taxon.compiler.roles import Role


def encode(c: Choices, role: Role, read: Input, *sections: Section) -> Input:
    """What policy and critic see through an encoder of what is `read`.

    Its parameters are an argument of the critic's loss. Everywhere else they are held, and a lagged copy, where the
    role has one, encodes s' for the target. `self.<name>.outputs` is the length of a code.
    """
    enlist(c, role)
    code = f"observation = {applied(c, role.name, role.name, read.observation.format('raw_observation'))}"
    c.add("critic", code, "observation", within="critic", sections=sections)
    return Input(
        applied(c, role.name, role.now, read.acting),
        applied(c, role.name, role.now, read.observation),
        applied(c, role.name, role.late, read.next_observation),
        f"self.{role.name}.outputs",
    )
