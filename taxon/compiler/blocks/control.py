"""pi_q: EM control or KL control, what it maximises, and all axes in the order in which they add blocks."""

from __future__ import annotations

from taxon.compiler.block import Section
from taxon.compiler.blocks import critic as value
from taxon.compiler.blocks.ascent.sg import ascend
from taxon.compiler.blocks.critic import score_of
from taxon.compiler.blocks.data import data
from taxon.compiler.blocks.discrepancy import distance
from taxon.compiler.blocks.estimate import next_value, target
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.network import inputs
from taxon.compiler.blocks.policy import acting, build
from taxon.compiler.blocks.posterior import logarithmic, support
from taxon.compiler.blocks.prior import bonus, project
from taxon.compiler.blocks.priors import offer, separate
from taxon.compiler.blocks.priors.density import log_ratio, power
from taxon.compiler.blocks.priors.offer import prior_of
from taxon.compiler.blocks.priors.policies import cost
from taxon.compiler.blocks.target import lags
from taxon.compiler.blocks.weights import weight_function
from taxon.compiler.choices import Choices, choice
from taxon.compiler.notation import fill
from taxon.compiler.notation import number as tex_number
from taxon.taxonomy.axes import facts


def choose(c: Choices) -> None:
    """Add what every axis of the row adds."""
    c.take(data)
    inputs(c)
    c.take(temperature)
    build(c)
    value.build(c)
    separate.build(c)
    next_value(c)
    target(c)
    c.meaning("pi_q")(c)
    offer.prior(c)
    lags(c)
    acting(c)


def _bound(value: str) -> str:
    """The lower bound with what is expected under pi_q."""
    expected = rf"\mathbb{{E}}_{{a \sim \pi_q}}\left[ {value} \right]"
    return rf"\mathbb{{E}}_s\left[ {expected} - \mathrm{{KL}}(\pi_q \| \pi_p) \right]"


def _section(c: Choices, text: str, lines: list[str]) -> None:
    bound = r"\mathcal{J}(\pi_p, \pi_q) = " + _bound(r"\frac{G(s,a)}{\eta}")
    source = "; ".join(filter(None, ("Furuta et al. 2021, Eq. 1", c.source("eta", "pi_p.update.expected_return"))))
    paths = c.present("pi_q", "pi_p", "G", "eta", "divergence", "pi_q.update")
    text = f"The lower bound on the evidence for optimality; {text}"
    at = cost(c)
    c.sections.append(Section("Objective", paths, text, (bound, *lines), source, at))


@choice("pi_q", "nonparametric")
def _em(c: Choices) -> None:
    """EM control: an E-step, and a projection."""
    c.meaning("pi_q.update")(c)
    project(c)
    _section(c, *_em_objective(c))


@choice("pi_q.update", "analytic")
def _analytic(c: Choices) -> None:
    c.take(support)


def _em_objective(c: Choices) -> tuple[str, list[str]]:
    eta, s = c.take(temperature), c.take(support)
    gain = r"\mathbb{E}_{a \sim \pi_q}[G(s,a)]"
    if s.kind == "sequences":
        # Against the uniform measure: Nachum et al. 2017 divide the samples' own probability out.
        lines = [rf"\mathcal{{J}} = \mathbb{{E}}_{{a \sim \pi_q}}[{eta.slashed('R')} - \log \pi_q(a)]"]
        text = "an action here is a whole sequence, $R$ its return, and the measure of sequences is uniform."
        if c.has("pi_p.update", "expected_return"):
            both = r"\max_\theta \, \mathbb{E}_{\pi_\theta}[R] + @bonus \, \mathbb{E}_{\pi_q}[\log \pi_\theta]"
            lines.append(fill(both, bonus=bonus(c)))
            text += " The gradient of the expected return is added to the projection."
        return text, lines
    if score_of(c).logarithm:
        line = r"\mathcal{J} = " + _bound(rf"\log {logarithmic(c)}")
        return "$G$ is $\\eta$ times a logarithm, so that $\\eta$ cancels.", [line]
    if eta.bound:
        each = r"\mathbb{E}_s \, " if s.kind in ("every", "drawn") else ""
        bound = rf"{each}\mathrm{{KL}}(\pi_q \| \pi_p) \leq {c.tex(eta.bound)}"
        lines = [rf"\max_{{\pi_q}} \, \mathbb{{E}}_s \, {gain} \quad \mathrm{{s.t.}} \quad {bound}"]
        if c.take(value.critic).solved:
            gamma = c.value("gamma")
            discount = "" if gamma == 1 else rf"{c.tex('gamma')} \, "
            start = "" if gamma == 1 else rf" + {tex_number(round(1 - gamma, 10))} \, \mathbb{{E}}[\phi(s_0)]"
            reward = r"\max_{\pi_q} \, \mathbb{E}_{s, \, a \sim \pi_q}[r(s,a)]"
            lines = [
                rf"{reward} \quad \mathrm{{s.t.}} \quad {bound}",
                rf"\mathbb{{E}}_{{s, \, a \sim \pi_q}}[{discount}\phi(s') - \phi(s)]{start} = 0",
            ]
        return "the divergence is bounded instead of weighed, and $\\eta$ becomes the bound's multiplier.", lines
    if not c.take(weight_function).temperature:
        line = r"\mathcal{J} = " + _bound(r"\log f(G(s,a))")
        return "optimality is $f(G)$ in the place of $\\exp(G/\\eta)$.", [line]
    line = r"\mathcal{J} = " + _bound(eta.over("G(s,a)"))
    return "ascended in turn over $\\pi_q$ (E-step) and over $\\pi_p$ (M-step).", [line]


@choice("pi_q", "pi_theta")
def _kl(c: Choices) -> None:
    """KL control: the policy itself ascends the objective."""
    ascend(c)
    _section(c, *_kl_objective(c))


def _kl_objective(c: Choices) -> tuple[str, list[str]]:
    eta, value = c.take(temperature), r"\mathbb{E}_{s, \, a \sim \pi_\theta}[G(s,a)]"
    reverse = r"\mathbb{E}_s \, \mathrm{KL}(\pi_p \| \pi_\theta)"
    if facts.natural(c.row):
        bound = rf"{reverse} \leq {c.tex('pi_q.update.kl')}"
        text = "a bound on the divergence, in the other direction, stands in for its weight."
        return text, [rf"\max_\theta \, {value} \quad \mathrm{{s.t.}} \quad {bound}"]
    if c.has("pi_q.update", "penalty"):
        text = "its divergence is taken in the other direction, and $\\eta$ adapts."
        return text, [rf"\max_\theta \, {value} - \eta \, {reverse}"]
    if facts.forward(c.row):
        target = rf"\pi_\eta(a|s) \propto \pi_p(a|s) \, \exp\left({eta.over('G(s,a)')}\right)"
        text = "its maximum over all distributions, $\\pi_\\eta$, is fitted in the forward direction of the divergence."
        return text, [rf"\min_\theta \, \mathbb{{E}}_s \, \mathrm{{KL}}(\pi_\eta \| \pi_\theta), \quad {target}"]
    if facts.trust_region_q(c.row):
        region = "pi_q.update.trust_region."
        bound = r"\mathbb{E}_s \, \mathrm{KL}(\pi_\theta \| \pi_p) \leq \epsilon"
        if facts.by_samples(c.row, region):
            bound = rf"\mathbb{{E}}_s \, {distance(c, region)}(\pi_\theta, \pi_p) \leq \epsilon"
        text = "the divergence is bounded instead of weighed, by the bounds $\\epsilon$ of the trust region below."
        return text, [rf"\max_\theta \, {value} \quad \mathrm{{s.t.}} \quad {bound}"]
    if not eta.value:
        clipped = c.has("pi_q.update", "clipped")
        text = (
            "the clipped ratio stands in for the divergence." if clipped else "$\\eta = 0$ leaves the divergence out."
        )
        return text, [rf"\max_\theta \, {value}"]
    if facts.by_samples(c.row):
        line = rf"\max_\theta \, {value} - " + eta.times(rf"\mathbb{{E}}_s \, {distance(c)}(\pi_\theta, \pi_p)")
        return "times $\\eta$, with a discrepancy of samples in the place of the divergence.", [line]
    if not prior_of(c).uniform and power(c) == 1:
        line = rf"\max_\theta \, {value} - " + eta.times(r"\mathbb{E}_s \, \mathrm{KL}(\pi_\theta \| \pi_p)")
        return "times $\\eta$, ascended over $\\pi_q = \\pi_\\theta$ with $\\pi_p$ held.", [line]
    if not prior_of(c).uniform:
        expected = r"\mathbb{E}_{s, \, a \sim \pi_\theta}"
        line = rf"\max_\theta \, {expected} \left[ G(s,a) - {eta.times(log_ratio(c))} \right]"
        text = "times $\\eta$, ascended over $\\pi_q = \\pi_\\theta$ with $\\pi_p$ held; the power of $\\pi_p$ weighs "
        return f"{text}the divergence from it against the entropy.", [line]
    entropy = eta.times(r"\log \pi_\theta(a|s)")
    lines = [rf"\max_\theta \, \mathbb{{E}}_{{s, \, a \sim \pi_\theta}}[G(s,a) - {entropy}]"]
    text = "times $\\eta$, ascended over $\\pi_q = \\pi_\\theta$; a uniform $\\pi_p$ adds a constant."
    if eta.entropy:
        least = r"\mathbb{E}_{s, \, a \sim \pi_\theta}[-\log \pi_\theta(a|s)] \geq " + eta.entropy
        return f"{text} $\\eta$ is the multiplier of a bound on the entropy.", [*lines, least]
    return text, lines
