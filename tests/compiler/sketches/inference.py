"""pi_theta = inferred: a policy refined by an inner loop of inference, whose network sees the gradient of Q.

The network that makes the first guess is the policy's, the one that improves it a role of its own, trained by the
policy's loss (Marino et al. 2021).
"""

from __future__ import annotations

from dataclasses import replace

from taxon.compiler.blocks.roles import enlist
from taxon.compiler.choices import Choices
from taxon.compiler.families.family import Family, squashed
from taxon.compiler.families.normal import normal
from taxon.compiler.function import Function
from taxon.compiler.roles import Role
from taxon.taxonomy.axes.policy import TANH

_INFER = """\
mean, std = self.policy.apply(policy, observation)

def value(mean: Tensor) -> Tensor:
    return self.q(critic, observation, torch.tanh(mean)).sum()

for _ in range(2):
    mean = mean + self.inference.apply(inference, torch.cat([observation, mean, grad(value)(mean)], -1))
return mean, std
"""


def inferred(c: Choices) -> Family:
    network = "self.inference = Mlp([self.observations + 2 * action, 7, action], torch.tanh)"
    enlist(c, Role("inference", network, r"\xi", "policy", trained_by="policy"))
    arguments = ("policy", "inference", "critic", "observation")
    signature = f"self, {', '.join(f'{name}: Tensor' for name in arguments)}) -> tuple[Tensor, Tensor]:"
    given = {name: name for name in arguments}
    doc = "Mean and deviation after two steps of inference: [S, B, A] each."
    c.methods.append(Function("infer", signature, doc, ("infer",), given=given, returns="-"))
    c.add("infer", _INFER)
    made = normal("FixedNormal({trunk}, std=0.3)", "action", r"0.09 \, I", False, "mean")
    return replace(squashed(made), apply="self.infer({policy}, {inference}, state.critic.params, {states})")


PATH, KEY, MEANING = "pi_theta", "inferred", inferred
CAPABILITIES = TANH.capabilities | TANH.keeps
