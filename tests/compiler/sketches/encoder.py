"""network.input = encoded: an encoder before policy and critic, trained by the critic's loss alone.

It reads the tree that the environment shows. Outside of that loss it stands as before the step, and its lagged copy,
where there is one, encodes s' for the target.
"""

from __future__ import annotations

from taxon.compiler.blocks.network import Input
from taxon.compiler.blocks.roles import applied, copies, enlist
from taxon.compiler.choices import Choices
from taxon.compiler.function import Function
from taxon.compiler.roles import Role

_ENCODE = """\
parts = unflatten(observation, self.layout)
x = torch.cat([parts["image"].flatten(-3) / 255, parts["speed"]], -1)
return torch.tanh(self.encoder.apply(encoder, x))
"""


def encoded(c: Choices) -> Input:
    network = "self.layout = observation\nself.encoder = Mlp([self.observations, 7], torch.tanh)"
    lagged = copies(c)
    apply = "self.encode({encoder}, {states})"
    role = Role("encoder", network, r"\xi", "value", apply, lagged=lagged, trained_by="critic")
    enlist(c, role)
    signature = "self, encoder: Tensor, observation: Tensor) -> Tensor:"
    given = {name: name for name in ("encoder", "observation")}
    doc = "What policy and critic see: [S, P], [S, ..., O] -> [S, ..., 7]."
    c.methods.append(Function("encode", signature, doc, ("encode",), given=given, returns="-"))
    c.add("encode", _ENCODE)
    c.add(
        "critic", f"observation = {applied(c, 'encoder', 'encoder', 'raw_observation')}", "observation", within="critic"
    )
    now, late = (applied(c, "encoder", where, "{}") for where in (role.now, role.late))
    return Input(now, now, late, "self.encoder.outputs")


PATH, KEY, MEANING = "network.input", "encoded", encoded
