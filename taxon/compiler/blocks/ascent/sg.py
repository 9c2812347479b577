"""`sg`: a stochastic gradient, by what scores the actions and by the direction of the divergence."""

from __future__ import annotations

from taxon.compiler.blocks.ascent.exact import ascend_all
from taxon.compiler.blocks.ascent.forward import fit_target
from taxon.compiler.blocks.ascent.likelihood_ratio import ascend_by_density
from taxon.compiler.blocks.ascent.natural import ascend_naturally
from taxon.compiler.blocks.ascent.pathwise import ascend_deterministic, ascend_through_action
from taxon.compiler.blocks.ascent.penalty import adapt
from taxon.compiler.blocks.ascent.taken import ascend_taken
from taxon.compiler.blocks.bounds import bounds
from taxon.compiler.blocks.critic import critic
from taxon.compiler.blocks.policy import family
from taxon.compiler.blocks.region import POSTERIOR, region
from taxon.compiler.blocks.roles import descend
from taxon.compiler.choices import Choices, choice, table


def ascend(c: Choices) -> None:
    """The ascent of the objective by a parametric pi_q."""
    c.meaning("pi_p.update")  # fixed, or what pi_q was before
    c.meaning("pi_q.update")(c)


@choice("pi_q.update", "sg")
def _sg(c: Choices) -> None:
    {"q": _at_own, "v": ascend_taken, "": ascend_taken}[c.take(critic).network](c)
    if c.has("pi_q.update", "trust_region"):
        region(c, POSTERIOR)
    if c.has("pi_q.update", "penalty"):
        adapt(c)
    if "bounds" in c.row:
        bounds(c)
    descend(c, "policy", "policy_loss", "policy_cost", "policy")


choice("pi_p.update", "fixed")(lambda c: None)
choice("pi_q.update", "natural_gradient")(ascend_naturally)
choice("pi_q.update.direction", "forward")(fit_target)
table("pi_q.update.gradient", {"reparameterised": ascend_through_action, "likelihood_ratio": ascend_by_density})


def _at_own(c: Choices) -> None:
    """At actions of its own, which the critic scores."""
    if c.take(family).sample:
        c.meaning("pi_q.update.direction")(c)
    else:
        ascend_deterministic(c)


@choice("pi_q.update.direction", "reverse")
def _reverse(c: Choices) -> None:
    if c.take(family).log_all:
        ascend_all(c)
    else:
        c.meaning("pi_q.update.gradient")(c)
