"""The M-step of EM control: the weighted likelihood, followed or solved, and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.derivation.case import Case
from taxon.derivation.notation import mean, total
from taxon.derivation.objective import bonus
from taxon.derivation.section import Section
from taxon.taxonomy.axes import facts


def sections(case: Case) -> Iterator[Section]:
    """How pi_p follows pi_q."""
    if not case.plan.em:
        return
    if facts.solved(case.row):
        yield _solved(case)
    elif facts.in_sequences(case.row):
        yield _sequences(case)
    else:
        yield _likelihood(case)


def _likelihood(case: Case) -> Section:
    plan = case.plan
    anchor = "loss = weighted_likelihood(weights"
    if plan.fresh and plan.discrete:
        line = r"L(\theta) = -\mathbb{E}_s \sum_a w_a \log \pi_\theta(a|s)"
        anchor = "loss = -average((weights"
    else:
        density = _density(case, "a_m" if plan.fresh else "a_i")
        drawn, stored = rf"\mathbb{{E}}_s {total('m', plan.samples)} w_m", f"{mean('i', case.batch)} w_i"
        weighted = drawn if plan.fresh else stored
        line = rf"L(\theta) = -{weighted} {density}"
    where = " at the states $s'$" if plan.fit == "next_observation" else ""
    text = f"The projection of $\\pi_q$ onto the policy's family{where}: descent of $L$ by {case.optimiser('policy')}."
    if plan.tanh:
        text += " The likelihood is that of $u = \\mathrm{artanh}(a)$: the Jacobian of tanh has no parameters."
    if plan.decoupled:
        text += " Mean and covariance apart: each is fitted with the other at its old value."
    paths = case.present(
        "pi_p.update", "pi_p.update.likelihood", "pi_q.update.states", "optimizer.policy", "optimizer.clip"
    )
    return Section("M-step", paths, text, (line,), _source(case), (anchor, "policy, policy_"))


def _source(case: Case) -> str:
    source = case.source("pi_p.update") or "Furuta et al. 2021, Eq. 3"
    return f"{source}; Hoffman et al. 2020" if case.plan.decoupled else source


def _density(case: Case, action: str) -> str:
    what = action.replace("a", "u", 1) if case.plan.tanh else action
    state = "s" if case.plan.fresh else "s_i"
    if case.plan.discrete:
        return rf"\log \pi_\theta({action}|{state})"
    if case.plan.decoupled:
        return (
            rf"\, \left[ \log \mathcal{{N}}({what}; \mu_\theta, \Sigma_{{\mathrm{{old}}}}) + "
            rf"\log \mathcal{{N}}({what}; \mu_{{\mathrm{{old}}}}, \Sigma_\theta) \right]"
        )
    return (
        rf"\log \mathcal{{N}}({what}; \mu_\theta, \Sigma_\theta)"
        if case.plan.tanh
        else rf"\log \pi_\theta({action}|{state})"
    )


def _sequences(case: Case) -> Section:
    row, plan = case.row, case.plan
    lines = [rf"L(\theta) = -\frac{{1}}{{{plan.environments}}} \sum_k g_k \sum_t \log \pi_\theta(a_{{k,t}}|s_{{k,t}})"]
    size = plan.group
    if row.has("pi_p.update", "expected_return"):
        share = " \\cdot ".join(filter(None, (bonus(case), str(size))))
        mine = rf"R_k + {share} \, \omega_k"
        lines.append(rf"g_k = {mine} - {mean('j', size)} (R_j + {share} \, \omega_j)")
        text = "The expected return's gradient and the projection of $\\pi_q$, less the group's mean"
        anchor = "score = underappreciated_score("
    else:
        lines.append(rf"g_k = {size} \, \omega_k")
        text, anchor = "The projection of $\\pi_q$ onto the policy's family", "score = (GROUP * omega)"
    return Section(
        "M-step",
        case.present(
            "pi_p.update",
            "pi_p.update.expected_return.bonus",
            "data.restarts.group",
            "optimizer.policy",
            "optimizer.clip",
        ),
        f"{text}: descent of $L$ by {case.optimiser('policy')}.",
        tuple(lines),
        case.source("pi_p.update") or "Furuta et al. 2021, Eq. 3; Nachum et al. 2017",
        (anchor, "loss = -average(score * ", "policy, policy_"),
    )


def _solved(case: Case) -> Section:
    text, lines, anchors = _softmax(case) if case.plan.discrete else _least_squares(case)
    return Section(
        "M-step",
        case.present("pi_p.update", "pi_p.update.ridge", "network.policy.hidden", "network.policy.std"),
        text,
        tuple(lines),
        case.source("pi_p.update"),
        (*anchors, "update_policy: policy = "),
    )


def _softmax(case: Case) -> tuple[str, list[str], list[str]]:
    weighted = r"\sum_s \sum_a w_a \log \pi_\theta(a|s)" if case.plan.fresh else r"\sum_i w_i \log \pi_\theta(a_i|s_i)"
    ridge = rf"\frac{{{case.number('pi_p.update.ridge')}}}{{2}} \, \theta^\top \theta"
    line = rf"\theta = \arg \max_\theta \, \frac{{{weighted}}}{{\sum w}} - {ridge}"
    return "The projection of $\\pi_q$ itself, by Newton's method to convergence.", [line], ["policy = fit_softmax("]


def _least_squares(case: Case) -> tuple[str, list[str], list[str]]:
    plan, ridge = case.plan, case.number("pi_p.update.ridge")
    weighted = r"\sum_s \sum_m w_m \log \pi_\theta(a_m|s)" if plan.fresh else r"\sum_i w_i \log \pi_\theta(a_i|s_i)"
    exploring = case.row.base("network.policy.std") == "exploration"
    share = r"v_i = \frac{w_i}{\sigma_\theta(s_i)^2}" if exploring else "v_i = w_i"
    weights = rf"W = \mathrm{{diag}}(v_i) / \sum_j v_j, \quad {share}"
    lines = [
        rf"\theta = \arg \max_\theta \, {weighted}",
        rf"\theta = (\Phi^\top W \Phi + {ridge} \, I)^{{-1}} \Phi^\top W A, \quad {weights}",
    ]
    anchors = ["theta = weighted_least_squares("]
    then = "with the covariance as it is"
    if exploring:
        then = "and one step of expectation maximisation for the deviations"
        lines += _EXPLORATION
        anchors.append("sigma = exploration_deviation(")
    elif plan.learned_cov:
        then = "then the weighted deviations"
        square = r"(a_i - \mu_i)(a_i - \mu_i)^\top" if plan.head == "full" else r"(a_i - \mu_i)^2"
        lines.append(rf"\Sigma = \frac{{\sum_i w_i \, {square}}}{{\sum_i w_i}}")
        anchors.append("spread = ")
    text = f"The projection of $\\pi_q$ in closed form: weighted least squares, {then}; the constant is not penalised."
    return text, lines, anchors


# Only the deviation of the action is seen, not that of each parameter.
_EXPLORATION = (
    r"\sigma_j^2 \leftarrow \frac{\sum_i w_i \, "
    r"(\mathbb{E}[\epsilon_j | \delta_i]^2 + \mathrm{Var}[\epsilon_j | \delta_i])}{\sum_i w_i}",
    r"\mathbb{E}[\epsilon_j | \delta] = \frac{\sigma_j^2 \, \phi_j \, \delta}{\sigma_\theta(s)^2}, "
    r"\quad \delta = a - \mu_\theta(s)",
    r"\mathrm{Var}[\epsilon_j | \delta] = \sigma_j^2 "
    r"\left( 1 - \frac{\sigma_j^2 \, \phi_j^2}{\sigma_\theta(s)^2} \right)",
)
