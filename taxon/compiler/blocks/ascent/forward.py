"""By the forward divergence: pi_q is fitted to pi_p exp(G / eta) / Z, at actions that a proposal draws."""

from __future__ import annotations

from taxon.compiler.blocks.ascent.divergence import section
from taxon.compiler.blocks.ascent.draws import drawn_entropy, draws, held, names, of_prior
from taxon.compiler.blocks.ascent.exact import fit_all
from taxon.compiler.blocks.critic import critic
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.metrics import Metrics, deviations, entropy
from taxon.compiler.blocks.policy import apply, family
from taxon.compiler.blocks.priors.density import log_prior, log_prior_tex, power
from taxon.compiler.blocks.priors.offer import prior_of
from taxon.compiler.choices import Choices, table
from taxon.compiler.notation import total

table("pi_q.update.proposal", {"pi_q": False, "pi_p": True})


def fit_target(c: Choices) -> None:
    """The likelihood of the target's actions."""
    if c.take(family).log_all:
        fit_all(c)
    elif c.meaning("pi_q.update.proposal"):
        _at_prior(c)
    else:
        _at_posterior(c)


def _at_posterior(c: Choices) -> None:
    """Actions of pi_q: the weights divide its density out."""
    made, q, eta = c.take(family), c.take(critic), c.take(temperature)
    prior = log_prior(c, c.take(draws).axis, "action", "u")
    ratio = f"{prior} - log_prob" if prior else "-log_prob"
    weights = f"importance_weights(self.q({q.scorer}, observation, action), {eta.value}, {ratio})"
    log_prob = made.log_density("", c.take(draws).axis, "action", "u")
    of = log_prior_tex(c, "(a_m|s)")
    exponent = rf"{eta.over(rf'{q.scorer_tex}(s, a_m)')} {of} - \log \pi_\theta(a_m|s)"
    said = "" if not prior else "+ log pi_p " if power(c) == 1 else "+ a log pi_p "
    over = f"softmax(G / eta {said}- log pi_q)"
    _fit(c, held(c), made.noise_axes, weights, log_prob, exponent, r"\pi_\theta", over, drawn_entropy(c))


def _at_prior(c: Choices) -> None:
    """Actions of pi_p: it is in the draw already, and the weights are those of the E-step."""
    made, q, eta = c.take(family), c.take(critic), c.take(temperature)
    lines, axes = of_prior(c)
    score, over = f"self.q({q.scorer}, observation, action), {eta.value}", "softmax(G / eta)"
    weights = f"softmax_weights({score}, dim=1)"
    if power(c) != 1:
        weights = f"importance_weights({score}, {log_prior(c, c.take(draws).axis, 'action', 'u', '1')})"
        over = "softmax(G / eta + (a - 1) log pi_p)"
    # tanh's Jacobian has no parameters and drops out of the likelihood's gradient
    log_prob = made.likelihood("", c.take(draws).axis, "u" if made.squash else "action")
    exponent = f"{eta.over(rf'{q.scorer_tex}(s, a_m)')} {log_prior_tex(c, '(a_m|s)', 1)}".strip()
    _fit(c, lines, axes, weights, log_prob, exponent, prior_of(c).tex, over, entropy(c))


def _fit(
    c: Choices,
    drawn: str,
    axes: tuple[str, ...],
    weights: str,
    log_prob: str,
    exponent: str,
    proposal: str,
    over: str,
    spread: Metrics,
) -> None:
    """The weighted likelihood at the actions drawn, and the effective share of them."""
    made, m = c.take(family), c.take(draws)
    code = f"""{apply(c, "", "policy", "observation")}
{drawn}
log_prob = {log_prob}
# w = {over} over the actions of a state
weights = {weights}
loss = weighted_likelihood(weights, log_prob)"""
    summed = total("m", m.count)
    lines = [
        rf"L(\theta) = -\mathbb{{E}}_s {summed} w_m \log \pi_\theta(a_m|s), \quad a_m \sim {proposal}(\cdot|s)",
        rf"w_m = \frac{{\exp(x_m)}}{{{total('j', m.count)} \exp(x_j)}}, \quad x_m = {exponent}",
    ]
    text = (
        f"The policy is fitted to $\\pi_p \\exp(G / \\eta) / Z$ by ${m.count}$ actions of ${proposal}$ at each state, "
        "with self-normalised importance weights; actions and weights are held."
    )
    if proposal == r"\pi_p" and prior_of(c).uniform:
        text = text.replace(f"of ${proposal}$", "of the uniform $\\pi_p$ of the box")
    sources = c.source("pi_q.update.direction")
    c.add(
        "policy",
        code,
        "loss",
        "log_prob",
        "weights",
        *made.parameters,
        *names(c),
        within="policy",
        doc=f"-E_s sum_m w_m log pi_theta(a_m|s), w = {over}",
        noise=m.noise(c, *axes),
        metrics=(*spread, ("effective_share", "effective_share(weights)"), *deviations(c)),
        sections=(section(c, text, lines, sources, "weights", "loss", drawn=("direction", "samples", "proposal")),),
    )
