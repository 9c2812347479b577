"""a log pi_p: the density of the prior with its power, as losses and V(s') weigh it against log pi_q.

eta (E log pi_q - a E log pi_p) = c_KL KL(pi_q || pi_p) - c_Ent H(pi_q), with eta = c_KL + c_Ent and a = c_KL / eta.
"""

from __future__ import annotations

from collections.abc import Callable

from taxon.compiler.blocks.policy import family
from taxon.compiler.blocks.priors.offer import prior_of
from taxon.compiler.choices import Choices
from taxon.compiler.families.family import Family
from taxon.compiler.notation import number

_PATH = "pi_p.power"


def power(c: Choices) -> float:
    """a; 1 where the prior takes none."""
    return c.value(_PATH) if _PATH in c.row else 1


def weighed(c: Choices, log_prior: str, less: str = "") -> str:
    """`a log pi_p` in code, or (a - less) times it."""
    factor = c.constant("POWER", _PATH, "a, of the prior in the objective") if power(c) != 1 else ""
    if less:
        factor = f"({factor or 1} - {less})"
    return f"{factor} * {log_prior}" if factor else log_prior


def prior_parameters(c: Choices) -> str:
    """What the names of the prior's parameters begin with, once a block names them; empty where it is uniform."""
    found = prior_of(c)
    if found.name is not None:
        found.name(c)
    return found.prefix


def log_prior(c: Choices, axis: str, action: str, u: str, less: str = "") -> str:
    """a log pi_p of an action; empty where it is a constant. `u`: the action before squashing."""
    text = _of_prior(c, lambda made, prefix: made.log_density(prefix, axis, action, u))
    return weighed(c, _whole(text), less) if text else ""


def prior_likelihood(c: Choices, axis: str, x: str) -> str:
    """log pi_p of an action before squashing, less the Jacobian, which pi_q has too; empty where it is a constant."""
    return _of_prior(c, lambda made, prefix: made.likelihood(prefix, axis, x))


def log_prior_all(c: Choices) -> str:
    """a log pi_p of every action, where they are finitely many; empty where it is a constant."""
    text = _of_prior(c, lambda made, prefix: made.write(made.log_all, prefix))
    return weighed(c, text) if text else ""


def next_log_prior(c: Choices, axis: str) -> str:
    """log pi_p of the next action, of a prior beside the policy."""
    return c.take(family).log_density(_next(c), axis, "next_action", "next_u")


def next_log_prior_all(c: Choices) -> str:
    """log pi_p of every action at s', of a prior beside the policy."""
    made = c.take(family)
    return made.write(made.log_all, _next(c))


def _next(c: Choices) -> str:
    found = prior_of(c)
    if found.following is not None:
        found.following(c)
    return f"next_{found.prefix}"


def prior_divergence(c: Choices) -> tuple[str, str]:
    """E_{pi_q}[log pi_q - a log pi_p] at the states of the update: lines before it, and what computes it; empty where
    it has no closed form."""
    return _closed(c, "", prior_parameters) if _has_closed(c) else ("", "")


def round_divergence(c: Choices) -> tuple[str, str]:
    """The same at all states of a round, of the policy that acted."""
    return _closed(c, "old_", _round) if _has_closed(c) else ("", "")


def round_log_prior(c: Choices, action: str, u: str) -> str:
    """a log pi_p of the actions of a round, of a prior beside the policy."""
    return weighed(c, _whole(c.take(family).log_density(_round(c), "", action, u)))


def _round(c: Choices) -> str:
    found = prior_of(c)
    if found.collected is not None:
        found.collected(c)
    return f"round_{found.prefix}"


def _has_closed(c: Choices) -> bool:
    made = c.take(family)
    return bool(made.kl and (power(c) == 1 or made.entropy))


def _closed(c: Choices, policy: str, prior: Callable[[Choices], str]) -> tuple[str, str]:
    """a KL(pi_q || pi_p) - (1 - a) H(pi_q), by what the names of both policies' parameters begin with."""
    made = c.take(family)
    kl = made.kl.format(o=made.names(policy), p=made.names(prior(c)))
    if power(c) == 1:
        return "", kl
    return f"prior_kl = {kl}\n", f"{weighed(c, 'prior_kl')} - (1 - POWER) * {made.write(made.entropy, policy)}"


def _of_prior(c: Choices, write: Callable[[Family, str], str]) -> str:
    prefix = prior_parameters(c)
    return write(c.take(family), prefix) if prefix else ""


def _whole(text: str) -> str:
    """A density as one operand: squashed, it may be a difference."""
    return f"({text})" if ") - " in text else text


# ---- in LaTeX


def log_ratio(c: Choices, at: str = "(a|s)", policy: str = r"\pi_\theta") -> str:
    """log pi_q - a log pi_p at an action and a state; log pi_q alone where pi_p is uniform."""
    found = prior_of(c)
    if found.uniform:
        return rf"\log {policy}{at}"
    if power(c) == 1:
        return rf"\log \frac{{{policy}{at}}}{{{found.tex}{at}}}"
    return rf"\left[ \log {policy}{at} - {_factor(power(c))}\log {found.tex}{at} \right]"


def divergence_tex(c: Choices, policy: str = r"\pi_\theta", at: str = "") -> str:
    """a KL(pi_q || pi_p) - (1 - a) H(pi_q)."""
    a, kl = power(c), rf"\mathrm{{KL}}({policy}{at} \| {prior_of(c).tex}{at})"
    if a == 1:
        return kl
    rest = rf"{_factor(round(1 - a, 10))}\mathcal{{H}}({policy}{at})"
    return rf"\left[ {_factor(a)}{kl} - {rest} \right]" if a else f"-{rest}"


def log_prior_tex(c: Choices, at: str, less: int = 0) -> str:
    """a log pi_p, or (a - less) log pi_p, with its sign; empty where pi_p is uniform or the factor 0."""
    factor = round(power(c) - less, 10)
    if prior_of(c).uniform or not factor:
        return ""
    return rf"{'-' if factor < 0 else '+'} {_factor(abs(factor))}\log {prior_of(c).tex}{at}"


def prior_power_tex(c: Choices, at: str) -> str:
    """pi_p^a as a factor; empty where pi_p is uniform."""
    found, a = prior_of(c), power(c)
    if found.uniform:
        return ""
    return rf"{found.tex}{at}{'' if a == 1 else f'^{{{number(a)}}}'} \, "


def _factor(a: float) -> str:
    return "" if a == 1 else rf"{number(a)} \, "
