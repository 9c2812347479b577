"""a log pi_p: a prior's density with its power, as the ascent and V(s') weigh it against log pi_q.

eta (E log pi_q - a E log pi_p) = c_KL KL(pi_q || pi_p) - c_Ent H(pi_q), with eta = c_KL + c_Ent and a = c_KL / eta.
"""

from __future__ import annotations

from taxon.compiler.block import ContractError
from taxon.compiler.blocks.policy import family
from taxon.compiler.blocks.priors.offer import Density, prior_of
from taxon.compiler.choices import Choices

_PATH = "pi_p.power"


def density(c: Choices) -> Density:
    """The density of the prior beside the policy.

    Raises:
        ContractError: the prior has none.
    """
    made = prior_of(c).density
    if made is None:
        raise ContractError(f"pi_p = {c.base('pi_p')} has no density of its own")
    return made(c)


def power(c: Choices) -> float:
    """a; 1 where the prior takes none."""
    return c.value(_PATH) if _PATH in c.row else 1


def weighed(c: Choices, log_density: str) -> str:
    """`a log pi_p` in code."""
    if power(c) == 1:
        return log_density
    return f"{c.constant('POWER', _PATH, 'a, of the prior in the objective')} * {log_density}"


def closed_form(c: Choices, kl: str) -> str:
    """E_q[log pi_q - a log pi_p] = a KL(pi_q || pi_p) - (1 - a) H(pi_q) at s by the name of that KL; empty where it has
    no closed form."""
    made = c.take(family)
    if not c.take(density).kl() or (power(c) != 1 and not made.entropy):
        return ""
    if power(c) == 1:
        return kl
    return f"{weighed(c, kl)} - (1 - POWER) * {made.write(made.entropy)}"


def gap(c: Choices, policy: str = r"\pi_\theta", at: str = "(a|s)") -> str:
    """log pi_q - a log pi_p in LaTeX, in brackets."""
    factor = "" if power(c) == 1 else rf"{c.tex(_PATH)} \, "
    return rf"\left[ \log {policy}{at} - {factor}\log {c.take(density).tex}{at} \right]"
