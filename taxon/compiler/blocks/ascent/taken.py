"""By the likelihood ratio of the actions in the data, where no network scores others."""

from __future__ import annotations

from taxon.compiler.blocks.ascent.divergence import Divergence, divergence, section
from taxon.compiler.blocks.ascent.penalty import C, add_penalty, with_penalty
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.metrics import Metrics, averaged, deviations, entropy
from taxon.compiler.blocks.policy import OLD, apply, family, old_parameters, stored_action
from taxon.compiler.blocks.priors.density import divergence_tex, log_prior, log_ratio, prior_divergence
from taxon.compiler.blocks.score import score_data, taken_score
from taxon.compiler.choices import Choices

RHO = rf"\rho = \frac{{\pi_\theta(a|s)}}{{{OLD}(a|s)}}"


def old_log_prob(c: Choices) -> str:
    """The column of log pi_old at the actions taken; the name of what the likelihood is taken of."""
    made = c.take(family)
    old_parameters(c)
    action = "taken"
    if made.unsquash:
        action = "before_tanh"
        c.add("columns", f"before_tanh = {made.unsquash.format(x='taken')}", "before_tanh")
    c.add("columns", f"old_log_prob = {made.likelihood('old_', '', action)}", "old_log_prob")
    return stored_action(c)


def ascend_taken(c: Choices) -> None:
    """E[rho G], with what is left of the divergence beside it."""
    made, weighed, clipped = c.take(family), c.take(divergence), c.has("pi_q.update", "clipped")
    score_data(c)
    score, action = c.take(taken_score).symbol, old_log_prob(c)
    # of the action before squashing; less its Jacobian, which has no parameters, it is the density of the action
    log_prob = "log_likelihood" if made.jacobian else "log_prob"
    metrics: Metrics = (("approx_kl", f"approximate_kl({log_prob}, old_log_prob)"),)
    if clipped:
        ratio = c.constant(
            "CLIP_RATIO", "pi_q.update.clipped.ratio", "c: the likelihood ratio gains nothing outside [1 - c, 1 + c]"
        )
        loss = f"clipped_surrogate({log_prob}, old_log_prob, {score}, {ratio})"
        metrics += (("clip_fraction", f"clip_fraction({log_prob}, old_log_prob, {ratio})"),)
        low, high = (f"{1 + sign * c.value('pi_q.update.clipped.ratio'):.10g}" for sign in (-1, 1))
        lines = [rf"L(\theta) = -\mathbb{{E}} \min(\rho \, G, \mathrm{{clip}}(\rho, {low}, {high}) \, G), \quad {RHO}"]
    else:
        loss = f"surrogate({log_prob}, old_log_prob, {score})"
        lines = [rf"L(\theta) = -\mathbb{{E}}[\rho \, G], \quad {RHO}"]
    text = f"The gradient is taken at the actions in the data, by their likelihood ratio; ${OLD}$ took them."
    text += " It earns nothing beyond the clip." if clipped else ""
    term, more, doc = _RATIO_TERMS[weighed.kind](c, weighed, action)
    if weighed.kind == "penalty":
        lines[0] = with_penalty(lines[0])
    lines += more
    shown = section(c, text, lines, c.source("pi_q.update"), "loss", "old_log_prob")
    inside = "min(rho G, clip(rho, 1 - c, 1 + c) G)" if clipped else "rho G"
    ratio = "pi_theta / pi_old" if clipped else "pi_theta / pi_old at the action taken"
    c.add(
        "policy",
        f"{apply(c, '', 'policy', 'observation')}\n{log_prob} = {made.likelihood('', '', action)}\nloss = {loss}",
        "loss",
        log_prob,
        *made.parameters,
        within="policy",
        metrics=(*metrics, *(entropy(c) or taken_entropy(c, log_prob, action)), *deviations(c)),
        doc=f"-E[{inside}], rho = {ratio}",
        sections=(shown,),
    )
    if weighed.kind == "penalty":
        add_penalty(c)
    elif term:
        doc = f", and the {doc}"
        c.add("policy", term, "loss", within="policy", stage="divergence", doc=doc)
    if c.take(temperature).entropy and made.jacobian:
        c.add("policy", f"log_prob = {log_prob} - {made.jacobian.format(x=action)}", "log_prob")


def taken_entropy(c: Choices, log_prob: str, action: str, valid: str = "") -> Metrics:
    """The entropy by the density of the actions taken, where it has no closed form."""
    jacobian = c.take(family).jacobian
    density = f"{log_prob} - {jacobian.format(x=action)}" if jacobian else log_prob
    return (("entropy", f"-{averaged(density, valid)}"),)


Term = tuple[str, list[str], str]


def _no_term(c: Choices, weighed: Divergence, action: str) -> Term:
    return "", [], ""


def _penalty_term(c: Choices, weighed: Divergence, action: str) -> Term:
    return "", [C], "divergence"


def _prior_term(c: Choices, weighed: Divergence, action: str) -> Term:
    made, eta = c.take(family), c.take(temperature)
    before, closed = prior_divergence(c)
    if closed:
        line = r"L \leftarrow L + " + eta.times(rf"\mathbb{{E}}_s \, {divergence_tex(c)}")
        return f"{before}loss = loss + {eta.average(closed)}", [line], "prior"
    log_prob = density = "log_likelihood" if made.jacobian else "log_prob"
    code = "# it has no closed form: E_old[rho (log pi - a log pi_p)]\n"
    if made.jacobian:
        density = "density"
        code += f"density = {log_prob} - {made.jacobian.format(x=action)}\n"
    code += f"log_prior = {log_prior(c, '', 'taken', action)}\n"
    ratio = f"({density} - log_prior)"
    code += f"loss = loss + {eta.average(f'torch.exp({log_prob} - old_log_prob) * {ratio}')}"
    return code, [r"L \leftarrow L + " + eta.times(rf"\mathbb{{E}} \, \rho \, {log_ratio(c)}")], "prior"


def _entropy_term(c: Choices, weighed: Divergence, action: str) -> Term:
    made, eta = c.take(family), c.take(temperature)
    if not made.entropy:
        log_prob = density = "log_likelihood" if made.jacobian else "log_prob"
        code = "# the entropy has no closed form: E_old[-rho log pi]\n"
        if made.jacobian:
            density = "density"
            code += f"density = {log_prob} - {made.jacobian.format(x=action)}\n"
        code += f"loss = loss + {eta.average(f'torch.exp({log_prob} - old_log_prob) * {density}')}"
        return code, [r"L \leftarrow L + " + eta.times(r"\mathbb{E}[\rho \log \pi_\theta(a|s)]")], "entropy"
    entropy = made.write(made.entropy)
    line = r"L \leftarrow L - " + eta.times(r"\mathbb{E}_s \, \mathcal{H}(\pi_\theta)")
    return f"loss = loss - {eta.average(entropy)}", [line], "entropy"


_RATIO_TERMS = {"none": _no_term, "penalty": _penalty_term, "prior": _prior_term, "entropy": _entropy_term}
