"""Over all actions, where they are finitely many: every expectation is a sum."""

from __future__ import annotations

from taxon.compiler.blocks.ascent.divergence import divergence, divergence_metric, objective, section
from taxon.compiler.blocks.ascent.penalty import C, add_penalty, with_penalty
from taxon.compiler.blocks.critic import critic
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.metrics import deviations
from taxon.compiler.blocks.policy import apply, family, old_parameters
from taxon.compiler.blocks.priors.density import log_prior_all, log_ratio, prior_power_tex
from taxon.compiler.choices import Choices


def ascend_all(c: Choices) -> None:
    """E_pi[G] less the divergence."""
    made, q, weighed = c.take(family), c.take(critic), c.take(divergence)
    if weighed.kind == "penalty":
        old_parameters(c)
    term = c.take(temperature).times(log_ratio(c)) if weighed.kind in ("prior", "entropy") else ""
    inside = f"{term} - {q.scorer_tex}(s,a)" if term else f"-{q.scorer_tex}(s,a)"
    lines = [rf"L(\theta) = \mathbb{{E}}_s \sum_a \pi_\theta(a|s) \left[ {inside} \right]"]
    text = "$G$ is the critic, which is held, at all actions, weighed by their probability."
    if weighed.kind == "penalty":
        lines = [with_penalty(lines[0]), C]
    loss = {
        "entropy": f"average({weighed.eta} * log_prob - value)",
        "none": "-average(value)",
        "penalty": "-average(value)",
    }
    against = ""
    if weighed.kind == "prior":
        against = f"divergence = log_prob - (probs * {log_prior_all(c)}).sum(-1)\n"
        loss["prior"] = f"average({weighed.eta} * divergence - value)"
    code = f"""{_all(c)}
{against}value = (probs * self.q_all({q.scorer}, observation)).sum(-1)
loss = {loss[weighed.kind]}"""
    uniform = "; pi_p is uniform and drops out" if weighed.kind == "entropy" else ""
    c.add(
        "policy",
        f"{apply(c, '', 'policy', 'observation')}\n{code}",
        "loss",
        "log_prob",
        *(["divergence"] if against else []),
        *made.parameters,
        within="policy",
        doc=f"-E[{objective(c)}], over all actions{uniform}",
        metrics=(("entropy", "-average(log_prob)"), *divergence_metric(c), *deviations(c)),
        sections=(section(c, text, lines, c.source("pi_q.update"), "loss"),),
    )
    if weighed.kind == "penalty":
        add_penalty(c)


def fit_all(c: Choices) -> None:
    """The cross-entropy to pi_p exp(G / eta) / Z."""
    made, q, eta = c.take(family), c.take(critic), c.take(temperature)
    prior = log_prior_all(c)
    score = f"self.q_all({q.scorer}, observation)"
    weights = f"softmax_weights({score}, {eta.value}, dim=-1)"
    if prior:
        weights = f"categorical_weights({prior}, {score}, {eta.value})"
    code = f"""{apply(c, "", "policy", "observation")}
{_all(c)}
# w = pi_p exp(Q / eta) / Z
weights = {weights}
loss = -average((weights * log_probs).sum(-1))"""
    mine, others = (rf"{prior_power_tex(c, f'({a}|s)')}\exp({eta.slashed(f'{q.scorer_tex}(s,{a})')})" for a in "ab")
    lines = [
        r"L(\theta) = -\mathbb{E}_s \sum_a w_a \log \pi_\theta(a|s)",
        rf"w_a = \frac{{{mine}}}{{\sum_b {others}}}",
    ]
    text = "The policy is fitted to $\\pi_p \\exp(G / \\eta) / Z$ at all actions; the critic is held."
    c.add(
        "policy",
        code,
        "loss",
        "log_prob",
        *made.parameters,
        within="policy",
        doc="-E_s sum_a w_a log pi_theta(a|s), w = pi_p exp(G / eta) / Z",
        metrics=(("entropy", "-average(log_prob)"), *deviations(c)),
        sections=(section(c, text, lines, c.source("pi_q.update.direction"), "weights", "loss", drawn=("direction",)),),
    )


def _all(c: Choices) -> str:
    made = c.take(family)
    return f"""log_probs = {made.write(made.log_all)}
probs = torch.exp(log_probs)
log_prob = (probs * log_probs).sum(-1)"""
