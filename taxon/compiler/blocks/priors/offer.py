"""What a prior offers: to the ascent of a parametric pi_q, to V(s'), and to the derivation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.compiler.blocks.critic import FURUTA
from taxon.compiler.choices import Choices

# Text, equations, the lines that compute it, the leaves that decide it.
Description = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Density:
    """The density of a prior beside the policy, as code and in LaTeX.

    Prefixes are those of the policy's parameters at the same states: empty for s, `next_` for s'.
    """

    at: Callable[[str, str, str], None]  # part, prefix, states: names its parameters there, wherever they are read
    log_density: Callable[[str, str, str, str], str]  # prefix, axis, action, u: as `Family.log_density`
    log_all: Callable[[str], str]  # prefix: the log-probabilities of finitely many actions
    kl: Callable[[], str]  # KL(pi_theta || pi_p) at s; empty where it has no closed form
    tex: str  # its name


@dataclass(frozen=True)
class Prior:
    """What pi_p is, and what is left of KL(pi_q || pi_p) in the objective of a parametric pi_q.

    divergence: "old", against the older policy; "uniform", E[log pi_q] and a constant; "separate", E[log pi_q - a log
    pi_p] with the `density` of a prior beside the policy.
    """

    divergence: str
    describe: Callable[[Choices], Description]  # adds what it adds
    acts: bool = False  # it is the policy that collects the data
    density: Callable[[Choices], Density] | None = None


def prior_of(c: Choices) -> Prior:
    """The prior of the row."""
    made: Prior = c.meaning("pi_p")
    return made


def prior(c: Choices) -> None:
    """What the prior is, and how it is updated where that is no M-step."""
    text, lines, at, paths = prior_of(c).describe(c)
    source = c.source("pi_p") or f"{FURUTA}, Table 1"
    c.sections.append(Section("The prior", c.present(*paths), text, lines, source, at))
