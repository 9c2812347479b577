"""eta: the temperature."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.compiler.blocks.multipliers import multiplier, softplus_words
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.blocks.policy import family
from taxon.compiler.choices import NUMBER, Choices, choice
from taxon.compiler.notation import fill
from taxon.compiler.notation import number as tex_number
from taxon.taxonomy.axes import facts


@dataclass(frozen=True)
class Temperature:
    """eta as code reads it, and in LaTeX; empty where the row has none, or where it is 0."""

    value: str
    tex: str
    bound: str = ""  # the path of the bound on the E-step's divergence that it is the multiplier of
    found: Callable[[Choices, Dual], None] | None = None  # adds what finds it by the dual of that bound
    entropy: str = ""  # in LaTeX, the least entropy that it is the multiplier of

    def average(self, what: str) -> str:
        """eta times the mean over a batch, [S]: the temperature that is trained is [S, 1]."""
        return f"{self.value}{'.squeeze(-1)' if self.value == 'eta' else ''} * average({what})"

    def over(self, what: str) -> str:
        """`what` divided by the temperature, in LaTeX."""
        return what if self.tex == "1" else fill(r"\frac{@what}{@eta}", what=what, eta=self.tex)

    def times(self, what: str) -> str:
        return what if self.tex == "1" else rf"{self.tex} \, {what}"

    def slashed(self, what: str) -> str:
        return what if self.tex == "1" else f"{what} / {self.tex}"


@dataclass(frozen=True)
class Dual:
    """The dual of the E-step's bound for one support, at EPSILON."""

    loss: str  # as a function of eta
    solution: str  # its minimiser
    log_mean: str  # in LaTeX, log E exp(G / eta)
    by_state: bool  # the mean over states stands outside the logarithm


NONE = Temperature("", "")


def temperature(c: Choices) -> Temperature:
    """The temperature of the row."""
    if facts.trust_region_e(c.row):
        c.has("pi_q.update", "trust_region")
        return Temperature("eta", r"\eta", bound="pi_q.update.trust_region.kl", found=_bounded)
    if c.has("pi_q.update", "penalty"):
        return Temperature("state.eta", r"\eta")
    if "eta" not in c.row:
        return NONE
    made: Temperature = c.meaning("eta")(c)
    return made


@choice("eta", NUMBER)
def _constant(c: Choices) -> Temperature:
    if c.value("eta") == 0:
        return NONE
    return Temperature(c.constant("ETA", "eta", "temperature"), c.tex("eta"))


@choice("eta", "dual")
def _dual(c: Choices) -> Temperature:
    c.value("eta.kl")
    return Temperature("eta", r"\eta", bound="eta.kl", found=_solved)


@choice("eta", "entropy")
def _entropy(c: Choices) -> Temperature:
    """The multiplier of a bound on the entropy of the policy."""
    finite = bool(c.take(family).log_all)
    whose = "the choice" if finite else "one action dimension"
    c.constant("TARGET_ENTROPY", "eta.target", f"target entropy of {whose}, in nats")
    c.attributes.insert(0, f"self.target_entropy = TARGET_ENTROPY{'' if finite else ' * action'}")
    target = entropy_target(c)
    least = rf"{target[1:]} \, \eta" if target.startswith("-") else rf"-{target} \, \eta"
    start = tex_number(math.log(c.value("eta.init")))
    section = Section(
        "The temperature",
        c.present("eta", "eta.target", "eta.init", "optimizer.dual"),
        f"The dual of the bound on the entropy, descended by {optimiser(c, 'dual').words}; "
        f"$\\eta$ is $\\exp(x)$, $x$ from ${start}$ and held in $[-18, 18]$ after each step.",
        (rf"g(\eta) = {least} - \eta \, \mathbb{{E}}_{{s, \, a \sim \pi_\theta}}[\log \pi_\theta(a|s)]",),
        c.source("eta"),
        ("log_eta",),
    )
    multiplier(
        c,
        "log_eta",
        "eta",
        math.log(c.value("eta.init")),
        f"entropy_dual(eta, {_log_prob(c)}, self.target_entropy)",
        "eta: dual of the entropy constraint, -eta H - eta E[log pi_q]",
        "torch.exp",
        "project_log",
        sections=(section,),
    )
    return Temperature("eta", r"\eta", entropy=target)


def _log_prob(c: Choices) -> str:
    """What has the mean E_{a ~ pi_theta} log pi_theta(a|s). The actions in the data are another policy's: there it is
    the entropy in closed form or, where there is none, log pi_theta weighed by the likelihood ratio."""
    made = c.take(family)
    if not facts.likelihood_ratio(c.row):
        return "log_prob"
    if made.entropy:
        return f"-{made.write(made.entropy)}"
    likelihood = "log_likelihood" if made.jacobian else "log_prob"
    return f"torch.exp({likelihood} - old_log_prob) * log_prob"


def entropy_target(c: Choices) -> str:
    """The least entropy of an action: by dimension, where it has dimensions."""
    target = c.tex("eta.target")
    if c.take(family).log_all:
        return target
    return {"1": "D", "-1": "-D"}.get(target, rf"{target} \, D")


def _bounded(c: Choices, dual: Dual) -> None:
    """`pi_q.update + trust_region`: eta descends the dual of the E-step's bound."""
    path = "pi_q.update.trust_region"
    form = "Abdolmaleki et al. 2018b; Hoffman et al. 2020" if dual.by_state else "Peters et al. 2010; Song et al. 2020"
    text = f"The dual of the E-step's bound, descended by {optimiser(c, 'dual').words}; $\\eta$ is "
    section = Section(
        "The temperature",
        ("pi_q.update", f"{path}.kl", f"{path}.init", "optimizer.dual"),
        f"{text}{softplus_words(c.value(f'{path}.init'))}.",
        (rf"g(\eta) = {c.tex(f'{path}.kl')} \, \eta + \eta \, {dual.log_mean}",),
        f"Furuta et al. 2021, Section 4.2.1; {form}",
        ("eta_raw",),
    )
    c.constant("EPSILON", f"{path}.kl", "bound on KL(pi_q || pi_p)")
    comment = "eta: dual of the E-step, eta epsilon + eta E_s log E_{pi_p} exp(G/eta)"
    multiplier(c, "eta_raw", "eta", c.value(f"{path}.init"), dual.loss, comment, sections=(section,))


def _solved(c: Choices, dual: Dual) -> None:
    """`eta = dual`: the dual of the E-step's bound is solved on every batch."""
    c.constant("EPSILON", "eta.kl", "bound on KL(pi_q || pi_p)")
    line = rf"\eta = \arg \min_{{\eta > 0}} \, {c.tex('eta.kl')} \, \eta + \eta \, {dual.log_mean}"
    text = "The dual of the E-step's bound, solved by bisection on every batch, within $[10^{-6}, 10^6]$."
    section = Section("The temperature", ("eta", "eta.kl"), text, (line,), c.source("eta"), ("eta",))
    c.add("policy", f"eta = {dual.solution}", "eta", metrics=(("eta", "eta"),), sections=(section,))
