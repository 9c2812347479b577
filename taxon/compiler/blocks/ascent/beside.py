"""A divergence that stands beside the gain: in closed form, or of samples; not log pi_q - log pi_p at its actions."""

from __future__ import annotations

from collections.abc import Callable

from taxon.compiler.block import Section
from taxon.compiler.blocks.discrepancy import discrepancy
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.policy import family
from taxon.compiler.blocks.priors.density import divergence_tex, power, prior_divergence, prior_parameters
from taxon.compiler.blocks.priors.offer import prior_of
from taxon.compiler.choices import Choices, choice, table

# Adds the term to the loss.
Beside = Callable[[Choices], None]


def beside(c: Choices) -> Beside | None:
    """What adds the divergence of the row, where no action of the gain estimates it."""
    if "divergence" not in c.row:
        return None
    made: Beside | None = c.meaning("divergence")(c)
    return made


@choice("divergence", "kl")
def _kl(c: Choices) -> Beside | None:
    if "divergence.estimate" not in c.row:
        return None
    made: Beside | None = c.meaning("divergence.estimate")
    return made


@choice("divergence", "mmd")
def _mmd(c: Choices) -> Beside:
    return _add_discrepancy


def _add_closed(c: Choices) -> None:
    """eta (a KL(pi_theta || pi_p) - (1 - a) H(pi_theta)) at every state."""
    made, eta, prior = c.take(family), c.take(temperature), prior_of(c)
    if prior.uniform:
        code = f"loss = loss - {eta.average(made.write(made.need('entropy', 'a divergence in closed form')))}"
        line = r"L \leftarrow L - " + eta.times(r"\mathbb{E}_s \, \mathcal{H}(\pi_\theta)")
        text, doc = "In closed form; a uniform $\\pi_p$ leaves minus the entropy.", ", and the entropy"
    else:
        made.need("kl" if power(c) == 1 or not made.kl else "entropy", "a divergence in closed form")
        before, closed = prior_divergence(c)
        code = f"{before}loss = loss + {eta.average(closed)}"
        line = r"L \leftarrow L + " + eta.times(rf"\mathbb{{E}}_s \, {divergence_tex(c)}")
        text, doc = "In closed form at every state.", ", and the divergence"
        if power(c) != 1:
            text += f" $\\pi_p$ counts to the power ${c.tex('pi_p.power')}$; the rest is an entropy."
    paths = c.present("divergence", "divergence.estimate", "eta", "pi_p", "pi_p.power")
    section = Section("The divergence", paths, text, (line,), c.source("divergence", "divergence.estimate"), ("loss",))
    c.add("policy", code, "loss", within="policy", stage="divergence", doc=doc, sections=(section,))


table("divergence.estimate", {"sampled": None, "closed": _add_closed})


def _add_discrepancy(c: Choices) -> None:
    """eta MMD(pi_theta, pi_p) at every state, by draws of both."""
    eta, prior = c.take(temperature), prior_of(c)
    found = discrepancy(c, "divergence", prior_parameters(c))
    whose = "the uniform distribution" if prior.uniform else f"${prior.tex}$"
    line = r"L \leftarrow L + " + eta.times(rf"\mathbb{{E}}_s \, {found.letter}")
    section = Section(
        "The divergence",
        (*found.paths, "eta"),
        f"The discrepancy from {whose}, of {found.text}",
        (line, found.equation),
        c.source("divergence"),
        ("discrepancy", "loss"),
    )
    c.add(
        "policy",
        f"{found.lines}\ndiscrepancy = {found.value}\nloss = loss + {eta.average('discrepancy')}",
        "loss",
        "discrepancy",
        within="policy",
        stage="divergence",
        doc=", and the discrepancy",
        noise=found.noise,
        metrics=(("mmd", "average(discrepancy)"),),
        sections=(section,),
    )
