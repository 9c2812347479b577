"""Priors without a density of their own: the uniform one, and policies of earlier updates."""

from __future__ import annotations

from taxon.compiler.blocks.data import data
from taxon.compiler.blocks.policy import OLD, family, old_parameters, older
from taxon.compiler.blocks.priors.offer import Description, Prior, prior_of
from taxon.compiler.blocks.weights import normalisation
from taxon.compiler.choices import Choices, table
from taxon.taxonomy.axes import facts


def cost(c: Choices) -> tuple[str, ...]:
    """What the lines define that compute the policy's loss, or what its solution reaches."""
    if facts.solved(c.row):
        return ("policy_cost",)
    return ("gain_and_divergence",) if facts.natural(c.row) else ("policy_loss",)


def _fixed(c: Choices) -> Description:
    return "Uniform, and never moved.", (r"\log \pi_p(a|s) = \mathrm{const}",), (), ("pi_p",)


def _policy(c: Choices) -> Description:
    paths = ("pi_p", "pi_p.update", "data", "target.policy")
    if c.has("pi_p.update", "mixture"):
        text = "The average of all policies so far, by the actions in the replay."
        return text, (r"\pi_p = \frac{1}{k} \sum_{j=0}^{k-1} \pi_{\theta_j}",), ("DATA",), paths
    if c.take(data).rollouts:
        text = "The policy that collected the round."
        if c.take(normalisation).group:
            text += " Its own probability of a sequence is divided out of the weights."
        old = set(c.take(family).all("old_"))
        at = ("DATA", *sorted(old & {name for block in c.blocks for name in block.writes}))
        return text, (rf"\pi_p = {OLD} = \pi_{{\theta_{{k-1}}}}",), at, paths
    if c.take(older).lagged:
        line = rf"\pi_p = {OLD} = \pi_{{\theta'}}"
        return "The lagged copy of the policy.", (line,), (c.roles["policy"].lag,), paths
    return "The policy as it stands before the update.", (r"\pi_p = \pi_{\theta_{k-1}}",), cost(c), paths


table(
    "pi_p",
    {
        "fixed": Prior(_fixed),
        "pi_theta": Prior(_policy, "old_", old_parameters, tex=OLD, acts=True),
        "pi_q": Prior(_policy, "old_", old_parameters, tex=OLD, acts=True),
    },
)


def after_round(c: Choices) -> tuple[str, str]:
    """What becomes of the prior between rounds, in words and in LaTeX; empty where it is no policy that acts."""
    if not c.take(data).rollouts or not prior_of(c).acts:
        return "", ""
    posterior = r"\pi_q^{(k)} = " if facts.kl_control(c.row) else ""
    follows = rf"\pi_p^{{(k+1)}} = {posterior}\pi_{{\theta_k}}"
    return " The next round's prior is the policy that this one leaves.", follows
