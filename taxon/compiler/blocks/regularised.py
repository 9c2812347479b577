"""G = A_soft[pi_q]: the reward of every step, less eta times the divergence of pi_q from pi_p at its state."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.compiler.blocks.critic import score_of
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.policy import OLD, family, old_parameters
from taxon.compiler.blocks.priors.density import divergence_tex, log_ratio, round_divergence, round_log_prior
from taxon.compiler.blocks.priors.offer import prior_of
from taxon.compiler.choices import Choices

_TAKEN, _AT = "(a_t|s_t)", r"(\cdot|s_t)"


def counted(c: Choices) -> bool:
    """Whether the returns of V count the divergence."""
    score = score_of(c)
    return score.soft and score.network == "v" and bool(c.take(temperature).value)


@dataclass(frozen=True)
class Cost:
    """What a step pays for its divergence: the lines that take it off the reward, and what is said of it."""

    code: str
    writes: tuple[str, ...]
    equation: str
    text: str


def reward(c: Choices) -> str:
    """The symbol of the rewards that an estimate of V sums. The policy that acted is the posterior at every step, and
    the prior is the one of that time."""
    if not counted(c):
        return "reward"
    old_parameters(c)
    cost = _entropy(c) if prior_of(c).uniform else _divergence(c)
    text = f"{cost.text} It counts at every step that the estimate sums, as it counts in $V$ at every state."
    paths, line = c.present("G", "pi_p", "pi_p.power", "eta"), rf"r_t \leftarrow r_t {cost.equation}"
    section = Section("The reward", paths, text, (line,), c.source("G"), ("soft_reward",))
    c.add("columns", cost.code, *cost.writes, "soft_reward", sections=(section,))
    return "soft_reward"


def own_divergence(c: Choices) -> tuple[str, str]:
    """Put back the divergence at an action's own state where that action estimated it: it is no part of what the action
    is worth, and the loss has it. What is said of that, and its line in LaTeX; empty where there is nothing to do."""
    if not counted(c) or not _estimates(c):
        return "", ""
    eta = c.take(temperature)
    code = f"""# the divergence at the action's own state is the loss's
advantage = advantage + {eta.value} * {_estimate(c)}"""
    c.add("columns", code, "advantage", stage="own_divergence")
    line = r"G \leftarrow G + " + eta.times(log_ratio(c, _TAKEN, OLD))
    return " The divergence at the action's own state is the loss's, and its estimate is put back.", line


def _estimates(c: Choices) -> bool:
    """The action taken estimates the divergence, which has no closed form."""
    return not (c.take(family).entropy if prior_of(c).uniform else round_divergence(c)[1])


def _estimate(c: Choices) -> str:
    """The symbol of that estimate."""
    return "old_density" if prior_of(c).uniform else "old_log_ratio"


def _density(c: Choices) -> str:
    """log pi_q of the action taken, with its Jacobian."""
    made = c.take(family)
    jacobian = f" - {made.jacobian.format(x='before_tanh')}" if made.jacobian else ""
    return f"old_density = old_log_prob{jacobian}"


def _entropy(c: Choices) -> Cost:
    """From a uniform prior."""
    made, eta = c.take(family), c.take(temperature)
    text = "The divergence from a uniform $\\pi_p$ is minus the entropy"
    if _estimates(c):
        code = f"""# r - eta D, D by log pi_q of the action taken: the entropy has no closed form
{_density(c)}
soft_reward = reward - {eta.value} * old_density"""
        text = f"{text}, estimated by the density of the action taken."
        return Cost(code, ("old_density",), f"- {eta.times(log_ratio(c, _TAKEN, OLD))}", text)
    code = f"""# r - eta D, D = -H(pi_q) by a uniform pi_p: V counts the divergence at every step
soft_reward = reward + {eta.value} * {made.write(made.entropy, "old_")}"""
    return Cost(code, (), "+ " + eta.times(rf"\mathcal{{H}}({OLD}{_AT})"), f"{text}.")


def _divergence(c: Choices) -> Cost:
    """From a prior beside the policy."""
    eta, text = c.take(temperature), "The divergence from $\\pi_p$ as it stood before the round"
    if _estimates(c):
        code = f"""# r - eta D, D by log pi_q - a log pi_p of the action taken: it has no closed form
{_density(c)}
old_log_ratio = old_density - {round_log_prior(c, "taken", "before_tanh")}
soft_reward = reward - {eta.value} * old_log_ratio"""
        text = f"{text}, estimated by the densities of the action taken."
        return Cost(code, ("old_density", "old_log_ratio"), f"- {eta.times(log_ratio(c, _TAKEN, OLD))}", text)
    before, closed = round_divergence(c)
    code = f"""# r - eta D, D the divergence of pi_q from pi_p in closed form: V counts it at every step
{before}old_divergence = {closed}
soft_reward = reward - {eta.value} * old_divergence"""
    line = f"- {eta.times(divergence_tex(c, OLD, _AT))}"
    return Cost(code, ("old_divergence",), line, f"{text}, in closed form.")
