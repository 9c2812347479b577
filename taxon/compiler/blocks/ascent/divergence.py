"""KL(pi_q || pi_p) as the objective has it, and what every way of ascending says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.compiler.blocks.ascent.beside import Beside, beside
from taxon.compiler.blocks.data import delay
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.metrics import Metrics
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.blocks.priors.density import power
from taxon.compiler.blocks.priors.offer import prior_of
from taxon.compiler.choices import Choices


@dataclass(frozen=True)
class Divergence:
    """KL(pi_q || pi_p) as the objective has it, or what stands in its place."""

    kind: str  # "penalty", "prior", "entropy" or "none": what the gain's own actions estimate of it
    eta: str
    beside: Beside | None = None  # adds what they do not


def divergence(c: Choices) -> Divergence:
    """The divergence that the ascent weighs."""
    eta = c.take(temperature).value
    if c.has("pi_q.update", "penalty"):
        return Divergence("penalty", "state.eta")
    if not eta:
        return Divergence("none", "")
    if (term := beside(c)) is not None:
        return Divergence("none", eta, term)
    return Divergence("entropy" if prior_of(c).uniform else "prior", eta)


def divergence_metric(c: Choices) -> Metrics:
    """log pi_q - a log pi_p of a prior beside the policy, averaged: what eta weighs."""
    weighs = c.take(divergence).kind == "prior" and prior_of(c).separate
    return (("prior_divergence", "seed_average(divergence)"),) if weighs else ()


def section(c: Choices, text: str, lines: list[str], source: str, *at: str, drawn: tuple[str, ...] = ()) -> Section:
    """The ascent's own section.

    at: what its lines assign, beside the policy. drawn: the parameters of `sg` that decide it.
    """
    leaves = ("G", "G.critic", "pi_p", "pi_p.power", "eta", "optimizer.policy", "optimizer.policy_every")
    text = f"{text} Descended by {optimiser(c, 'policy').words}."
    if c.take(delay) > 1:
        text += f" Once for every ${c.take(delay)}$ updates of the critic."
    own = (f"pi_q.update.{leaf}" for leaf in drawn)
    paths = c.present("pi_q.update", *own, "pi_q.update.clipped.ratio", *leaves)
    return Section("The ascent of the policy", paths, text, tuple(lines), source, (*at, "policy"))


def objective(c: Choices) -> str:
    """What is ascended, in words of a docstring."""
    ratio = "log pi_q / pi_p" if power(c) == 1 else "(log pi_q - a log pi_p)"
    words = {"prior": f"G - eta {ratio}", "entropy": "G - eta log pi_q", "none": "G", "penalty": "G"}
    return words[c.take(divergence).kind]
