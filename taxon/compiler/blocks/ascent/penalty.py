"""`sg + penalty`: KL(pi_p || pi_q) in the loss, and the temperature that adapts to it."""

from __future__ import annotations

from taxon.compiler.block import Section
from taxon.compiler.blocks.policy import OLD, apply, family, old_parameters
from taxon.compiler.choices import Choices
from taxon.compiler.notation import number as tex_number

C = rf"C = \mathbb{{E}}_s \, \mathrm{{KL}}({OLD} \| \pi_\theta)"


def with_penalty(line: str) -> str:
    """The equation of a loss with the divergence added."""
    head, comma, rest = line.partition(r", \quad ")
    return rf"{head} + \eta \, C{comma}{rest}"


def add_penalty(c: Choices) -> None:
    """eta KL(pi_old || pi_theta), eta adapted after every round."""
    made = c.take(family)
    old_parameters(c)
    kl = made.write(made.need("kl", "`penalty`"))
    c.add(
        "policy",
        f"loss = loss + state.eta * average({kl})",
        "loss",
        within="policy",
        stage="divergence",
        doc=", and the divergence",
    )


def adapt(c: Choices) -> None:
    """eta grows where a round moved the policy further than the target, and shrinks where it moved it less."""
    made, path = c.take(family), "pi_q.update.penalty"
    old_parameters(c)
    c.constant("TARGET_KL", f"{path}.kl", "target of KL(pi_p || pi_q)")
    c.constant("KL_TOLERANCE", f"{path}.tolerance", "how far off the target eta stays, as a factor")
    c.constant("FACTOR", f"{path}.factor", "how fast eta adapts")
    c.constant("ETA_START", f"{path}.init", "eta at the start")
    c.field("eta", "[S]", "torch.full((len(generators),), float(ETA_START))")
    code = f"""{apply(c, "", c.roles["policy"].now, "observation")}
kl = valid_average({made.write(made.kl)}, valid)
eta = adapt_coefficient(state.eta, kl, TARGET_KL, KL_TOLERANCE, FACTOR)"""
    target, tolerance = c.value(f"{path}.kl"), c.value(f"{path}.tolerance")
    factor = c.tex(f"{path}.factor")
    high, low = (tex_number(float(f"{bound:.4g}")) for bound in (target * tolerance, target / tolerance))
    lines = (
        C,
        rf"\eta \leftarrow {factor} \, \eta \quad \mathrm{{where}} \quad C > {high}",
        rf"\eta \leftarrow \eta / {factor} \quad \mathrm{{where}} \quad C < {low}",
    )
    text = (
        f"From ${c.tex(f'{path}.init')}$; after the epochs on a round $C$, over all of its states, is held "
        f"against its target ${c.tex(f'{path}.kl')}$ by a factor ${c.tex(f'{path}.tolerance')}$. "
        r"$\eta$ stays in $[10^{-8}, 10^8]$."
    )
    paths = ("pi_q.update", *(f"{path}.{leaf}" for leaf in ("kl", "init", "tolerance", "factor")))
    source = "Schulman et al. 2017, Section 4"
    section = Section("The adaptive temperature", paths, text, lines, source, ("kl", "eta"))
    c.add("penalty", code, "eta", "kl", metrics=(("kl", "kl"), ("eta", "eta")), sections=(section,))
