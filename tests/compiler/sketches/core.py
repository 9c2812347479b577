"""network.input = recurrent: policy and critic see what a recurrent core remembers of the episode.

Acting keeps its hidden state in the memory and stores it with every step; an update goes on from what was stored, at a
step or at the first one of a window, begins anew where an episode ended in it, and trains the core by the critic's loss
(Kapturowski et al. 2019).
"""

from __future__ import annotations

from taxon.compiler.block import Stored
from taxon.compiler.blocks.data import data
from taxon.compiler.blocks.network import Input
from taxon.compiler.blocks.roles import applied, copies, enlist
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
    in_windows, lagged = c.take(data).windows, copies(c)
    network = "self.core = Mlp([6 + self.observations, 6], torch.tanh)"
    apply = "self.unroll({core}, {states}, ended)" if in_windows else "self.remember({core}, {states})"
    role = Role("core", network, r"\xi", "value", apply, lagged=lagged, trained_by="critic")
    enlist(c, role)
    c.remember("hidden", "6", "torch.zeros(seeds, environments, 6, device=device)")
    column = Column("hidden", "6", "the core's state before the step")
    c.stored.append(Stored(column, "held", "memory.hidden", "uniform.new_zeros(*uniform.shape[:-1], 6)", ("6",)))

    doc = "The next hidden state: [S, P], [S, ..., 6], [S, ..., O] -> [S, ..., 6]."
    _method(c, "remember", ("core", "hidden", "observation"), doc, _REMEMBER)
    if in_windows:
        doc = "The hidden states after every step of windows, from what was stored at the first: [S, B T, 6]."
        _method(c, "unroll", ("core", "hidden", "observation", "ended"), doc, _UNROLL)

    c.add("inputs", f"hidden = self.remember({role.now}, memory.hidden, seen_raw)", "hidden", anywhere=True)
    seen = "held, raw_observation"
    c.add("critic", f"observation = {applied(c, 'core', 'core', seen)}", "observation", within="critic")
    after = f"self.remember({role.late}, {applied(c, 'core', role.late, seen)}, raw_next_observation)"
    stored = f"self.remember({role.now}, {{0}}.hidden, {{0}}.observation)"
    return Input("hidden", applied(c, "core", role.now, seen), after, "self.core.outputs", stored)


def _method(c: Choices, name: str, arguments: tuple[str, ...], doc: str, code: str) -> None:
    signature = f"self, {', '.join(f'{each}: Tensor' for each in arguments)}) -> Tensor:"
    c.methods.append(Function(name, signature, doc, (name,), given={each: each for each in arguments}, returns="-"))
    c.add(name, code)


PATH, KEY, MEANING = "network.input", "recurrent", recurrent
