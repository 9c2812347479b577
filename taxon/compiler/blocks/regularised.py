"""G = A_soft[pi_q]: the reward of every step, less eta times the divergence of pi_q from pi_p at its state."""

from __future__ import annotations

from taxon.compiler.block import Section
from taxon.compiler.blocks.critic import score_of
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.policy import OLD, family, old_parameters
from taxon.compiler.choices import Choices


def counted(c: Choices) -> bool:
    """Whether the returns of V count the divergence."""
    score = score_of(c)
    return score.soft and score.network == "v" and bool(c.take(temperature).value)


def reward(c: Choices) -> str:
    """The symbol of the rewards that an estimate of V sums. The policy that acted is the posterior at every step."""
    if not counted(c):
        return "reward"
    made, eta = c.take(family), c.take(temperature)
    old_parameters(c)
    writes: tuple[str, ...] = ("soft_reward",)
    if made.entropy:
        code = f"""# r - eta D, D = -H(pi_q) by a uniform pi_p: V counts the divergence at every step
soft_reward = reward + {eta.value} * {made.write(made.entropy, "old_")}"""
        line = r"r_t \leftarrow r_t + " + eta.times(rf"\mathcal{{H}}({OLD}(\cdot|s_t))")
        text = "The divergence from a uniform $\\pi_p$ is minus the entropy."
    else:
        jacobian = f" - {made.jacobian.format(x='before_tanh')}" if made.jacobian else ""
        code = f"""# r - eta D, D by log pi_q of the action taken: the entropy has no closed form
old_density = old_log_prob{jacobian}
soft_reward = reward - {eta.value} * old_density"""
        writes = ("old_density", "soft_reward")
        line = r"r_t \leftarrow r_t - " + eta.times(rf"\log {OLD}(a_t|s_t)")
        text = (
            "The divergence from a uniform $\\pi_p$ is minus the entropy, estimated by the density of the action taken."
        )
    text += " It counts at every step that the estimate sums, as it counts in $V$ at every state."
    section = Section("The reward", c.present("G", "pi_p", "eta"), text, (line,), c.source("G"), ("soft_reward",))
    c.add("columns", code, *writes, sections=(section,))
    return "soft_reward"


def own_divergence(c: Choices) -> tuple[str, str]:
    """Put back the divergence at an action's own state where that action estimated it: it is no part of what the action
    is worth, and the loss has it. What is said of that, and its line in LaTeX; empty where there is nothing to do."""
    if not counted(c) or c.take(family).entropy:
        return "", ""
    eta = c.take(temperature)
    code = f"""# the divergence at the action's own state is the loss's
advantage = advantage + {eta.value} * old_density"""
    c.add("columns", code, "advantage", stage="own_divergence")
    line = r"G \leftarrow G + " + eta.times(rf"\log {OLD}(a_t|s_t)")
    return " The divergence at the action's own state is the loss's, and its estimate is put back.", line
