"""Through the action: the critic is differentiated at an action of the policy, which has a gradient of its own."""

from __future__ import annotations

from taxon.compiler.blocks.ascent.divergence import divergence, divergence_metric, objective, section
from taxon.compiler.blocks.ascent.draws import draws, names
from taxon.compiler.blocks.ascent.penalty import C, add_penalty, with_penalty
from taxon.compiler.blocks.critic import critic
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.metrics import deviations
from taxon.compiler.blocks.policy import apply, family, old_parameters
from taxon.compiler.blocks.priors.density import log_prior, log_ratio, power, prior_likelihood
from taxon.compiler.choices import Choices


def ascend_deterministic(c: Choices) -> None:
    """The critic at the one action of the policy."""
    q, source = c.take(critic), c.source("pi_theta") or c.source("pi_q.update")
    text = "$G$ is the critic at the policy's own action; the gradient runs through the action, the critic is held."
    line = rf"L(\theta) = -\mathbb{{E}}_s \, {q.scorer_tex}(s, \mu_\theta(s))"
    shown = section(c, text, [line], source, "loss")
    code = f"{apply(c, '', 'policy', 'observation')}\nloss = -average(self.q({q.scorer}, observation, mean))"
    doc = "-E[Q(s, mu(s))]: no divergence, eta is 0"
    c.add("policy", code, "loss", *c.take(family).parameters, within="policy", doc=doc, sections=(shown,))


def ascend_through_action(c: Choices) -> None:
    """The reparameterised gradient of E_pi[G], less the divergence."""
    made, q, weighed, m = c.take(family), c.take(critic), c.take(divergence), c.take(draws)
    if weighed.kind == "penalty":
        old_parameters(c)
    term = c.take(temperature).times(log_ratio(c)) if weighed.kind in ("prior", "entropy") else ""
    inside = f"{term} - {q.scorer_tex}(s,a)" if term else f"-{q.scorer_tex}(s,a)"
    lines = [rf"L(\theta) = \mathbb{{E}}_{{s, \, \xi}} \left[ {inside} \right], \quad a = {made.drawn}"]
    text = "$G$ is the critic at an action of the policy; the gradient runs through the action, the critic is held."
    if m.count > 1:
        text = text.replace("at an action", f"at ${m.count}$ actions")
    if weighed.kind == "penalty":
        lines = [with_penalty(lines[0]), C]
    several, several_leaves = (f" {m.count} actions,", ("samples",)) if m.count > 1 else ("", ())
    uniform = "; pi_p is uniform and drops out" if weighed.kind == "entropy" else ""
    c.add(
        "policy",
        f"{apply(c, '', 'policy', 'observation')}\n{_through_draw(c)}",
        "loss",
        "log_prob",
        *(["divergence"] if weighed.kind == "prior" else []),
        *made.parameters,
        *names(c),
        within="policy",
        doc=f"-E[{objective(c)}],{several} reparameterised{uniform}",
        noise=m.noise(c, *made.noise_axes),
        metrics=(
            ("entropy", "-seed_average(log_prob)" if m.count > 1 else "-average(log_prob)"),
            *divergence_metric(c),
            *deviations(c),
        ),
        sections=(section(c, text, lines, c.source("pi_q.update"), "loss", drawn=several_leaves),),
    )
    if weighed.kind == "penalty":
        add_penalty(c)


def _through_draw(c: Choices) -> str:
    made, q, weighed, m = c.take(family), c.take(critic), c.take(divergence), c.take(draws)
    made.need("pathwise", "a gradient that runs through the action")
    value = f"self.q({q.scorer}, observation, action){m.mean}"
    body = f"{made.draw('', m.axis, 'noise.action', 'u', 'action')}\n"
    body += f"log_prob = {made.log_density('', m.axis, 'action', 'u')}\n"
    if weighed.kind == "prior" and power(c) != 1:
        body += f"divergence = log_prob - {log_prior(c, m.axis, 'action', 'u')}\n"
    elif weighed.kind == "prior":
        if made.squash:
            body += "# (tanh's Jacobian is the same for both and drops out)\n"
            log_prob, at = made.likelihood("", m.axis, "u"), "u"
        else:
            log_prob, at = "log_prob", "action"
        body += f"divergence = {log_prob} - {prior_likelihood(c, m.axis, at)}\n"
    return (
        body
        + {
            "prior": f"loss = average({weighed.eta} * divergence{m.mean} - {value})",
            "entropy": f"loss = average({weighed.eta} * log_prob{m.mean} - {value})",
            "none": f"loss = -average({value})",
            "penalty": f"loss = -average({value})",
        }[weighed.kind]
    )
