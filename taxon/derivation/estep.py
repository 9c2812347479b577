"""The E-step as it is computed: the score of the actions, their weights, and the temperature."""

from __future__ import annotations

import math
from collections.abc import Iterator

from taxon.derivation.case import OLD, Case, positive
from taxon.derivation.notation import fill, number
from taxon.derivation.section import Section
from taxon.taxonomy.axes import facts


def sections(case: Case) -> Iterator[Section]:
    """Score, weights and temperature under EM control."""
    if not case.plan.em:
        return
    yield score(case)
    yield _weights(case)
    if facts.dual_value(case.row):
        yield _joint_dual(case)
    elif facts.solved_eta(case.row) or facts.trust_region_e(case.row):
        yield _temperature(case)


def score(case: Case) -> Section:
    """G at the actions that the policy's update reads."""
    text, line, anchor = _score(case)
    lines = [line]
    anchors = [anchor]
    if case.plan.standardise:
        text += " It is brought to mean 0 and deviation 1."
        lines.append(r"G \leftarrow \frac{G - \mathrm{mean}(G)}{\mathrm{std}(G) + 10^{-5}}")
        anchors.append(f"{case.plan.score_column or 'score'} = standardise(")
    paths = ("G", "G.critic", "G.fit", "G.estimate", "pi_q.update.baseline", "pi_q.update.standardise")
    source = case.source("G", "G.fit") or "Furuta et al. 2021, Section 4.2"
    return Section("The score G", case.present(*paths), text, tuple(lines), source, tuple(anchors))


def _score(case: Case) -> tuple[str, str, str]:
    row, plan = case.row, case.plan
    if facts.dual_value(row):
        line = rf"G(s,a) = r + {case.gamma}V(s') - V(s)"
        return "The Bellman error of the $V$ that minimises the dual below.", line, "eta, _, advantage = solve_dual("
    if facts.in_sequences(row):
        return "The return of the whole episode.", rf"R = \sum_t {_power(case, 't')} r_t", "first = batch.returns"
    if not plan.critic and row.base("G.estimate") == "none":
        anchor = "returns = episodes.reward" if plan.phased else "score = batch.reward"
        return "The reward of the step itself.", "G(s,a) = r", anchor
    if not plan.critic:
        line = rf"G(s_t, a_t) = \sum_{{l \geq 0}} {_power(case, 'l')} r_{{t+l}}"
        return "The return to the end of the episode, with no critic.", line, "returns = returns_to_go("
    if plan.critic == "v":
        what = r"V_\phi"
        if plan.fragments["target"] == "gae" and plan.rollouts:
            what = case.bootstrap
        anchor = "advantage = target" if plan.phased else "score = target"
        return "The estimate less the value of the state.", rf"A(s_t, a_t) = G_t - {what}(s_t)", anchor
    q = case.scorer
    if plan.fresh:
        where = "s'" if plan.fit == "next_observation" else "s"
        state = f" at the states ${where}$" if not plan.discrete else f" of every action at ${where}$"
        anchor = "log_prior, score = " if plan.shared and plan.discrete else "action, score = " if plan.shared else "score = "
        return f"The critic's value{state}.", f"G(s,a) = {q}(s,a)", anchor
    if not plan.baseline:
        return "The critic's value of the action in the data.", f"G(s,a) = {q}(s,a)", "score = "
    if plan.discrete:
        line = rf"A(s,a) = {q}(s,a) - \sum_b {case.old}(b|s) \, {q}(s,b)"
    elif plan.baseline == 1:
        line = rf"A(s,a) = {q}(s,a) - {q}(s, a_1), \quad a_1 \sim {case.old}(\cdot|s)"
    else:
        line = rf"A(s,a) = {q}(s,a) - \frac{{1}}{{{plan.baseline}}} \sum_{{j=1}}^{{{plan.baseline}}} {q}(s, a_j), \quad a_j \sim {case.old}(\cdot|s)"
    return "The critic's value of the action in the data less the policy's mean value.", line, "score = "


def _power(case: Case, exponent: str) -> str:
    return "" if case.gamma == "" else rf"{case.number('gamma')}^{exponent} \,"


def _weights(case: Case) -> Section:
    text, lines, anchors = _on_actions(case) if case.plan.fresh else _on_data(case)
    clip = "pi_q.update.clip"
    if clip in case.row and not case.row.base(clip):
        lines.append(rf"w \leftarrow \min(w, {case.number(clip)})")
    paths = (
        "pi_q.update",
        "pi_q.update.f",
        "pi_q.update.samples",
        "pi_q.update.normalise",
        "pi_q.update.keep",
        clip,
        "G.transform",
        "eta",
    )
    source = case.source("pi_q.update", "G.transform")
    return Section("The weights", case.present(*paths), text, tuple(lines), source, tuple(anchors))


def _on_actions(case: Case) -> tuple[str, list[str], list[str]]:
    """Over the actions of one state: drawn ones, or all of a softmax."""
    row, plan = case.row, case.plan
    index, last = ("b", "") if plan.discrete else ("j", str(plan.samples))
    mine = "a" if plan.discrete else "m"
    total = rf"\sum_{{{index}}}" if plan.discrete else rf"\sum_{{{index}=1}}^{{{last}}}"
    prior = {mine: rf"{case.old}(a|s) \, ", index: rf"{case.old}(b|s) \, "} if plan.discrete else {mine: "", index: ""}
    at = {mine: f"G(s,{mine})" if plan.discrete else "G(s, a_m)", index: f"G(s,{index})" if plan.discrete else "G(s, a_j)"}
    text = "All actions, weighed by the prior." if plan.discrete else "Actions drawn from the prior, which is in the draw already."
    if facts.logarithm(row):
        shift = row.base("G.transform") == "shift"
        text += " The least value of a state is subtracted first." if shift else ""

        def value(which: str) -> str:
            return rf"({at[which]} - \min_c G(s,c))" if shift else at[which]
    elif row.base("pi_q.update.f") == "exp":

        def value(which: str) -> str:
            return rf"\exp({at[which]})" if case.eta == "1" else rf"\exp({at[which]} / {case.eta})"
    else:
        text += " The policy's mean value is subtracted first."

        def value(which: str) -> str:
            return _positive_part(case, rf"{at[which]} - \mathbb{{E}}_{{c}} G(s,c)")

    line = fill(
        r"w_@mine = \frac{@prior@value}{@total @priors@values}",
        mine=mine,
        prior=prior[mine],
        value=value(mine),
        total=total,
        priors=prior[index],
        values=value(index),
    )
    return text, [line], [f"weights = {plan.fragments['weights']}"]


def _positive_part(case: Case, what: str) -> str:
    return rf"\mathbf{{1}}[{what} \geq 0]" if case.row.base("pi_q.update.f") == "indicator" else rf"\max({what}, 0)"


def _on_data(case: Case) -> tuple[str, list[str], list[str]]:
    """Over the actions in the data."""
    row, plan = case.row, case.plan
    batch = row.base("pi_q.update.normalise") == "batch"
    anchors = [f"weights = {plan.fragments['weights']}"]
    if facts.in_sequences(row):
        line = rf"\omega_k = \frac{{\exp({_scaled(case, 'R_k')}) / \pi_\theta(a_k)}}{{\sum_{{j=1}}^{{{plan.group}}} \exp({_scaled(case, 'R_j')}) / \pi_\theta(a_j)}}"
        text = f"Importance weights of the ${plan.group}$ episodes of a group, $\\pi_\\theta(a_k)$ the probability of all of an episode's actions."
        return text, [line], ["taken = ", "omega = group_weights("]
    if facts.dual_value(row):
        line = r"w_i = n \, \frac{\exp(G_i / \eta)}{\sum_{j=1}^{n} \exp(G_j / \eta)}"
        return "Over all $n$ steps of the round at once: their mean is 1.", [line], ['columns["weight"] = ', *anchors]
    if facts.logarithm(row):
        if plan.weight_column:
            anchors.insert(0, 'columns["weight"] = ')
        text, lines = _transformed(case)
        if plan.adaptive:
            anchors.append("beta = adapt_beta(")
        if batch:
            lines.append(_mean_one(case))
        return text, lines, anchors
    if plan.top_half:
        anchors.insert(0, "kept = top_half(")
    kept = r"\mathbf{1}[i \in K] \, " if plan.top_half else ""
    text = "$K$ is the half of the minibatch with the larger $G$. " if plan.top_half else ""
    if row.base("pi_q.update.f") != "exp":
        lines = [rf"w_i = {kept}{_positive_part(case, 'G_i')}"]
        return (text or "A positive part, no temperature."), lines + ([_mean_one(case)] if batch else []), anchors
    if batch:
        over = r"\sum_{j \in K}" if plan.top_half else rf"\sum_{{j=1}}^{{{case.batch}}}"
        line = rf"w_i = {case.batch} \, \frac{{{kept}\exp({_scaled(case, 'G_i')})}}{{{over} \exp({_scaled(case, 'G_j')})}}"
        return f"{text}$Z$ is the minibatch's mean, so the weights' mean is 1.", [line], anchors
    return f"{text}$Z := 1$.", [rf"w_i = {kept}\exp({_scaled(case, 'G_i')})"], anchors


def _scaled(case: Case, what: str) -> str:
    return what if case.eta == "1" else f"{what} / {case.eta}"


def _mean_one(case: Case) -> str:
    return rf"w_i \leftarrow {case.batch} \, \frac{{w_i}}{{\sum_{{j=1}}^{{{case.batch}}} w_j}}"


def _transformed(case: Case) -> tuple[str, list[str]]:
    """What the logarithm was taken of, made positive."""
    transform = case.row.base("G.transform")
    if transform == "shift":
        return "The least value is subtracted, so that no weight is negative.", [r"w_i = G_i - \min_j G_j"]
    if transform == "adaptive":
        start, limit = case.number("G.transform.init"), case.number("G.transform.limit")
        return f"A cost $c$, with $\\beta$ by maximum likelihood after every round, from ${start}$ and at most ${limit}$.", [
            r"c_i = \max_j G_j - G_i + 10^{-8}",
            r"w_i = \beta \exp(-\beta \, c_i)",
            rf"\beta \leftarrow \min\left(\frac{{\sum_i w_i}}{{\sum_i w_i \, c_i}}, {limit}\right)",
        ]
    return "The weight is what the logarithm is taken of; where it is negative the seed is reported.", ["w_i = G_i"]


def _log_mean(case: Case) -> str:
    """The logarithm of the prior's mean of exp(G / eta)."""
    row, plan = case.row, case.plan
    if plan.fresh and plan.discrete:
        return rf"\mathbb{{E}}_s \log \sum_a {case.old}(a|s) \exp(G(s,a) / \eta)"
    if plan.fresh:
        return rf"\mathbb{{E}}_s \log \frac{{1}}{{{plan.samples}}} \sum_{{m=1}}^{{{plan.samples}}} \exp(G(s, a_m) / \eta)"
    if plan.top_half:
        return r"\log \frac{1}{|K|} \sum_{i \in K} \exp(G_i / \eta)"
    del row
    return rf"\log \frac{{1}}{{{case.batch}}} \sum_{{i=1}}^{{{case.batch}}} \exp(G_i / \eta)"


def _temperature(case: Case) -> Section:
    row = case.row
    if facts.solved_eta(row):
        kl = case.number("eta.kl")
        line = rf"\eta = \arg \min_{{\eta > 0}} \, {kl} \, \eta + \eta \, {_log_mean(case)}"
        text = "The dual of the E-step's bound, solved by bisection on every batch, within $[10^{-6}, 10^6]$."
        return Section("The temperature", ("eta", "eta.kl"), text, (line,), case.source("eta"), ("eta = ",))
    path = "pi_q.update.trust_region"
    line = rf"g(\eta) = {case.number(f'{path}.kl')} \, \eta + \eta \, {_log_mean(case)}"
    text = f"The dual of the E-step's bound, descended by {case.optimiser('dual')}; $\\eta$ is {positive(row.number(f'{path}.init'))}."
    return Section(
        "The temperature",
        ("pi_q.update", f"{path}.kl", f"{path}.init", "optimizer.dual"),
        text,
        (line,),
        "Furuta et al. 2021, Section 4.2.1; Abdolmaleki et al. 2018b; Peters et al. 2010",
        ("def eta_dual(", "eta_raw, eta_raw_"),
    )


def _joint_dual(case: Case) -> Section:
    kl, gamma = case.number("eta.kl"), case.row.number("gamma")
    log_mean = r"\eta \log \frac{1}{n} \sum_{i=1}^{n} \exp(G_i / \eta)"
    start = "" if gamma == 1 else rf" + {number(round(1 - gamma, 10))} \, \mathbb{{E}}[V(s_0)]"
    line = rf"\min_{{\eta > 0, \, v}} \, {kl} \, \eta + {log_mean}{start}, \quad V(s) = v^\top \phi(s)"
    end = "a termination is followed by the start of an episode" if gamma == 1 else "a terminal state keeps the flow, at value 0"
    text = f"$\\eta$ and $V$, linear in its features, minimise one dual on all of the round; {end}."
    return Section(
        "The dual of temperature and value",
        case.present("eta", "eta.kl", "G.fit", "network.value.features", "gamma"),
        text,
        (line,),
        case.source("eta", "G.fit"),
        ("features = with_constant(", "eta, _, advantage = solve_dual("),
    )


def entropy_dual(case: Case) -> Section:
    """The temperature as the multiplier of a bound on the entropy."""
    from taxon.derivation.objective import entropy_target

    target = entropy_target(case)
    line = rf"g(\eta) = -\eta \, {target if not target.startswith('-') else f'({target})'} - \eta \, \mathbb{{E}}_{{s, \, a \sim \pi_\theta}}[\log \pi_\theta(a|s)]"
    start = number(math.log(case.row.number("eta.init")))
    text = f"The dual of the bound on the entropy, descended by {case.optimiser('dual')}; $\\eta = \\exp(x)$ of a free $x$ that starts at ${start}$."
    return Section(
        "The temperature",
        case.present("eta", "eta.target", "eta.init", "optimizer.dual"),
        text,
        (line,),
        case.source("eta"),
        ("def eta_dual(", "log_eta, log_eta_"),
    )


__all__ = ["OLD", "entropy_dual", "score", "sections"]
