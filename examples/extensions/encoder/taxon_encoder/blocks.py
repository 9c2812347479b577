"""What the choice means to the compiler: a network more, and what policy and critic see through it."""

from taxon.compiler.block import Section
from taxon.compiler.blocks.network import Input
from taxon.compiler.blocks.roles import applied, enlist
from taxon.compiler.choices import Choices, choice
from taxon.compiler.roles import Role


@choice("network.input", "encoder")
def encoder(c: Choices) -> Input:
    size = c.constant("CODE", "network.input.size", "numbers of the encoder's code")
    lagged = "target" in c.row and c.base("target") != "none"
    network, apply = f"self.encoder = Encoder(self.observations, {size})", "self.encoder.apply({encoder}, {states})"
    role = Role("encoder", network, r"\xi", "value", apply, lagged=lagged, trained_by="critic")
    enlist(c, role)
    section = Section(
        "What the networks see",
        c.present("network.input", "network.input.size"),
        "A code of the observation. The critic's loss trains it; the policy's does not reach it.",
        (r"s = \tanh(\mathrm{norm}(W_\xi \, o + b_\xi))",),
        c.source("network.input"),
        ("self.encoder", "observation"),
    )
    code = f"observation = {applied(c, 'encoder', 'encoder', 'raw_observation')}"
    c.add("critic", code, "observation", within="critic", sections=(section,))
    now, late = (applied(c, "encoder", where, "{}") for where in (role.now, role.late))
    return Input(now, now, late, "self.encoder.outputs")
