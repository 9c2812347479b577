"""network.input = recurrent: policy and critic see what a recurrent core remembers of the episode.

Acting keeps its hidden state in the memory and stores it with every step; an update unrolls a window from what was
stored at its first step, begins anew where an episode ended in it, and trains the core by the critic's loss
(Kapturowski et al. 2019).
"""

from __future__ import annotations

from taxon.compiler.block import Stored
from taxon.compiler.blocks.network import Input
from taxon.compiler.blocks.roles import applied, enlist
from taxon.compiler.choices import Choices
from taxon.compiler.function import Function
from taxon.compiler.roles import Role
from taxon.compiler.symbols import Column

_REMEMBER = "return torch.tanh(self.core.apply(core, torch.cat([hidden, observation], -1)))"
_UNROLL = """\
hidden, steps = windows(hidden)[:, :, 0], []
for now, before in zip(windows(observation).unbind(2), windows(ended).unbind(2), strict=True):
    hidden = self.remember(core, hidden, now)
    steps.append(hidden)
    hidden = hidden * (1 - before.unsqueeze(-1))
return torch.stack(steps, 2).flatten(1, 2)
"""


def recurrent(c: Choices) -> Input:
    network = "self.core = Mlp([6 + self.observations, 6], torch.tanh)"
    enlist(c, Role("core", network, r"\xi", "value", "self.unroll({core}, {states})", lagged=True, trained_by="critic"))
    c.remember("hidden", "6", "torch.zeros(seeds, environments, 6, device=device)")
    column = Column("hidden", "6", "the core's state before the step")
    c.stored.append(Stored(column, "held", "memory.hidden", "uniform.new_zeros(*uniform.shape[:-1], 6)", ("6",)))

    given = {name: name for name in ("core", "hidden", "observation", "ended")}
    signature = "self, core: Tensor, hidden: Tensor, observation: Tensor) -> Tensor:"
    doc = "The next hidden state: [S, P], [S, ..., 6], [S, ..., O] -> [S, ..., 6]."
    c.methods.append(Function("remember", signature, doc, ("remember",), given=given, returns="-"))
    c.add("remember", _REMEMBER)
    signature = "self, core: Tensor, hidden: Tensor, observation: Tensor, ended: Tensor) -> Tensor:"
    doc = "The hidden states after every step of windows: [S, P], [S, B T, 6], [S, B T, O], [S, B T] -> [S, B T, 6]."
    c.methods.append(Function("unroll", signature, doc, ("unroll",), given=given, returns="-"))
    c.add("unroll", _UNROLL)

    c.add("inputs", "hidden = self.remember(state.core, memory.hidden, seen_raw)", "hidden", anywhere=True)
    windows = "held, raw_observation, ended"
    c.add("critic", f"observation = {applied(c, 'core', 'core', windows)}", "observation", within="critic")
    before, lagged = (applied(c, "core", f"state.core{end}", windows) for end in ("", "_target"))
    after = f"self.remember(state.core_target, {lagged}, raw_next_observation)"
    return Input("hidden", before, after, "self.core.outputs")


PATH, KEY, MEANING = "network.input", "recurrent", recurrent
