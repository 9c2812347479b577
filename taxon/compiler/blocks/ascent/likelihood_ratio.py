"""By the likelihood ratio at actions of the policy: log pi_theta is differentiated, and the critic weighs it."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler.blocks.ascent.divergence import divergence, objective, section
from taxon.compiler.blocks.ascent.draws import drawn_entropy, draws, held, names
from taxon.compiler.blocks.critic import critic
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.metrics import deviations
from taxon.compiler.blocks.policy import apply, family
from taxon.compiler.blocks.priors.density import log_prior, log_ratio
from taxon.compiler.choices import Choices, table
from taxon.compiler.notation import fill, mean


@dataclass(frozen=True)
class Centre:
    """What is subtracted from the worth of an action: as code, in words, and in LaTeX by the number of actions."""

    code: str
    words: str = ""
    tex: str = ""  # over x_m, @mean, @count and @others; empty where nothing is subtracted


table(
    "pi_q.update.centre",
    {
        "mean": Centre("mean_centred({score})", " less their mean", r"x_m - @mean x_j"),
        "leave_one_out": Centre(
            "leave_one_out({score})",
            " less the mean of the others",
            r"\frac{@count}{@others} \left( x_m - @mean x_j \right)",
        ),
        "none": Centre("{score}"),
    },
)


def ascend_by_density(c: Choices) -> None:
    """The score function's estimate of E_pi[G], less the divergence."""
    made, q, weighed, m = c.take(family), c.take(critic), c.take(divergence), c.take(draws)
    eta, centre = c.take(temperature), c.meaning("pi_q.update.centre")
    score, worth = f"self.q({q.scorer}, observation, action)", rf"{q.scorer_tex}(s, a_m)"
    log_prob = made.log_density("", m.axis, "action", "u")
    if weighed.kind in ("entropy", "prior"):
        prior = log_prior(c, m.axis, "action", "u") if weighed.kind == "prior" else ""
        score = f"regularised({score}, {f'log_prob - {prior}' if prior else 'log_prob'}, {eta.value})"
        worth += f" - {eta.times(log_ratio(c, '(a_m|s)'))}"
    code = f"""{apply(c, "", "policy", "observation")}
{held(c)}
log_prob = {log_prob}
score = {score}
loss = score_function_loss(log_prob, {centre.code.format(score="score")})"""
    over = f"{mean('m', m.count)} " if m.count > 1 else ""
    apart = fill(centre.tex, mean=mean("j", m.count), count=str(m.count), others=str(m.count - 1))
    lines = [rf"L(\theta) = -\mathbb{{E}}_s {over}A_m \log \pi_\theta(a_m|s), \quad a_m \sim \pi_\theta(\cdot|s)"]
    lines += [rf"A_m = {apart}, \quad x_m = {worth}"] if apart else [rf"A_m = {worth}"]
    text = (
        f"The gradient is that of the density at {f'${m.count}$ actions' if m.count > 1 else 'an action'} of the "
        f"policy. Actions are held, and so is what they are worth{centre.words}."
    )
    sources = c.source("pi_q.update.gradient", "pi_q.update.centre")
    c.add(
        "policy",
        code,
        "loss",
        "log_prob",
        "score",
        *made.parameters,
        *names(c),
        within="policy",
        doc=f"-E[A log pi_theta(a)] at {m.words}, A = {objective(c)}{centre.words}",
        noise=m.noise(c, *made.noise_axes),
        metrics=(
            *drawn_entropy(c),
            ("score_min", "seed_least(score)"),
            ("score_max", "seed_largest(score)"),
            *deviations(c),
        ),
        sections=(section(c, text, lines, sources, "score", "loss", drawn=("gradient", "samples", "centre")),),
    )
