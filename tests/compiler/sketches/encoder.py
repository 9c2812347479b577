"""network.input = encoded: an encoder before policy and critic, trained by the critic's loss alone.

It reads the tree that the environment shows. Outside of that loss it stands as before the step, and its lagged copy,
where there is one, encodes s' for the target.
"""

from __future__ import annotations

from taxon.compiler.blocks.encoder import encode
from taxon.compiler.blocks.network import Input, base, layout
from taxon.compiler.blocks.roles import copies
from taxon.compiler.choices import Choices
from taxon.compiler.function import Function
from taxon.compiler.roles import Role
from taxon.taxonomy.axes.network import BASE

_ENCODE = """\
parts = unflatten(observation, {layout})
x = torch.cat([parts["image"].flatten(-3) / 255, parts["speed"]], -1)
return torch.tanh(self.encoder.apply(encoder, x))
"""


def encoded(c: Choices) -> Input:
    read, kept = base(c), layout(c)
    network = f"self.encoder = Mlp([{read.size}, 7], torch.tanh)"
    role = Role(
        "encoder", network, r"\xi", "value", "self.encode({encoder}, {states})", lagged=copies(c), trained_by="critic"
    )
    signature = "self, encoder: Tensor, observation: Tensor) -> Tensor:"
    given = {name: name for name in ("encoder", "observation")}
    doc = "What policy and critic see: [S, P], [S, ..., O] -> [S, ..., 7]."
    c.methods.append(Function("encode", signature, doc, ("encode",), given=given, returns="-"))
    c.add("encode", _ENCODE.format(layout=kept))
    return encode(c, role, read)


PATH, KEY, MEANING, PARAMETERS = "network.input", "encoded", encoded, (BASE,)
