"""pi_p = learned: a second policy with a network, a loss and an optimiser of its own, which follows pi_q.

KL(pi_q || pi_p) leaves -eta log pi_p in the objective and in V(s') (Galashov et al. 2019).
"""

from __future__ import annotations

from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.network import input_, perceptron
from taxon.compiler.blocks.policy import family, old_parameters
from taxon.compiler.blocks.prior import Description, Prior
from taxon.compiler.blocks.roles import applied, descend, enlist
from taxon.compiler.choices import Choices
from taxon.compiler.roles import Role


def learned(c: Choices) -> Description:
    made, eta = c.take(family), c.take(temperature)
    trunk = perceptron(c, "policy", c.take(input_).size, made.outputs)
    network = f"trunk = {trunk}\nself.prior = {made.head.format(trunk='trunk')}"
    role = Role("prior", network, r"\psi", "policy", "self.prior.apply({prior}, {states})", beside="policy")
    enlist(c, role)

    def at(prefix: str, parameters: str, states: str) -> str:
        return f"{made.names(prefix)} = {applied(c, 'prior', parameters, states)}"

    density = made.log_density("prior_", "", "action", "u")
    code = f"{at('prior_', role.now, 'observation')}\nloss = loss - {eta.average(density)}"
    c.add("policy", code, "loss", *made.all("prior_"), within="policy", stage="prior", doc=", less the prior's")
    density = made.log_density("next_prior_", "", "next_action", "next_u")
    code = f"{at('next_prior_', role.now, 'next_observation')}\nnext_value = next_value + {eta.value} * {density}"
    c.add("estimate", code, "next_value", *made.all("next_prior_"), stage="prior")

    old_parameters(c)
    kl = made.write(made.need("kl", "a learned prior"), "prior_")
    code = f"{at('prior_', 'prior', 'observation')}\nloss = average({kl})"
    c.add("prior", code, "loss", within="prior", doc="E_s KL(pi_old || pi_p).")
    descend(c, "prior", "prior_loss", "prior_cost", "prior")
    return "Learned beside the policy.", (r"L(\psi) = \mathbb{E}_s \, \mathrm{KL}(\pi_q \| \pi_\psi)",), (), ("pi_p",)


PATH, KEY, MEANING = "pi_p", "learned", Prior("entropy", learned)
