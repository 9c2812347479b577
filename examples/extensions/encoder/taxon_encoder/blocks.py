"""What the choice means to the compiler: a network more, and what policy and critic see through it."""

from taxon.compiler.block import Section
from taxon.compiler.blocks.encoder import encode
from taxon.compiler.blocks.network import Input, base
from taxon.compiler.blocks.roles import copies
from taxon.compiler.choices import Choices, choice
from taxon.compiler.roles import Role


@choice("network.input", "encoder")
def encoder(c: Choices) -> Input:
    size, read = c.constant("CODE", "network.input.size", "numbers of the encoder's code"), base(c)
    network, apply = f"self.encoder = Encoder({read.size}, {size})", "self.encoder.apply({encoder}, {states})"
    role = Role("encoder", network, r"\xi", "value", apply, lagged=copies(c), trained_by="critic")
    section = Section(
        "What the networks see",
        c.present("network.input", "network.input.size"),
        "A code of the observation. The critic's loss trains it; the policy's does not reach it.",
        (r"s = \tanh(\mathrm{norm}(W_\xi \, o + b_\xi))",),
        c.source("network.input"),
        ("self.encoder", "observation"),
    )
    return encode(c, role, read, section)
