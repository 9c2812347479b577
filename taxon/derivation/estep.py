"""The E-step as it is computed: the score of the actions, their weights, and the temperature."""

from __future__ import annotations

import math
from collections.abc import Iterator

from taxon.derivation.case import Case, positive
from taxon.derivation.notation import fill, mean, number, total
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
        line = rf"G(s,a) = r + {case.gamma}(1 - d) \, V(s') - V(s)"
        if plan.endless:
            line = "G(s,a) = r + V(s') - V(s)"
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
        return (
            "The advantage: the estimate $y$ less the value of the state.",
            rf"G(s_t, a_t) = y_t - {what}(s_t)",
            anchor,
        )
    q = case.scorer
    if plan.fresh:
        where = "s'" if plan.fit == "next_observation" else "s"
        state = f" at the states ${where}$" if not plan.discrete else f" of every action at ${where}$"
        anchor = (
            "log_prior, score = "
            if plan.shared and plan.discrete
            else "action, score = "
            if plan.shared
            else "score = "
        )
        return f"The critic's value{state}.", f"G(s,a) = {q}(s,a)", anchor
    if not plan.baseline:
        return "The critic's value of the action in the data.", f"G(s,a) = {q}(s,a)", "score = "
    if plan.discrete:
        line = rf"G(s,a) = {q}(s,a) - \sum_b {case.old}(b|s) \, {q}(s,b)"
    elif plan.baseline == 1:
        line = rf"G(s,a) = {q}(s,a) - {q}(s, a_1), \quad a_1 \sim {case.old}(\cdot|s)"
    else:
        line = rf"G(s,a) = {q}(s,a) - {mean('j', plan.baseline)} {q}(s, a_j), \quad a_j \sim {case.old}(\cdot|s)"
    return "The advantage: the critic's value of the action in the data less the policy's mean value.", line, "score = "


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
    source = case.source("pi_q.update", "pi_q.update.f", "pi_q.update.normalise", "pi_q.update.keep", "G.transform")
    return Section("The weights", case.present(*paths), text, tuple(lines), source, tuple(anchors))


def _on_actions(case: Case) -> tuple[str, list[str], list[str]]:
    """Over the actions of one state: drawn ones, or all of a softmax."""
    row, plan = case.row, case.plan
    index, mine = ("b", "a") if plan.discrete else ("j", "m")
    over = rf"\sum_{index}" if plan.discrete else total(index, plan.samples)
    prior = {mine: rf"{case.old}(a|s) \, ", index: rf"{case.old}(b|s) \, "} if plan.discrete else {mine: "", index: ""}
    at = {
        mine: f"G(s,{mine})" if plan.discrete else "G(s, a_m)",
        index: f"G(s,{index})" if plan.discrete else "G(s, a_j)",
    }
    text = (
        "All actions, weighed by the prior."
        if plan.discrete
        else "Actions drawn from the prior, which is in the draw already."
    )
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
        total=over,
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
        mine, others = (rf"\exp({_scaled(case, f'R_{k}')}) / \pi_\theta(a_{k})" for k in "kj")
        line = rf"\omega_k = \frac{{{mine}}}{{{total('j', plan.group)} {others}}}"
        text = (
            f"Importance weights of the ${plan.group}$ episodes of a group; $\\pi_\\theta(a_k)$ is that of all actions."
        )
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
        return f"{text}There is no temperature.", lines + ([_mean_one(case)] if batch else []), anchors
    if batch:
        over = r"\sum_{j \in K}" if plan.top_half else total("j", case.batch)
        line = (
            rf"w_i = {case.batch} \, \frac{{{kept}\exp({_scaled(case, 'G_i')})}}{{{over} \exp({_scaled(case, 'G_j')})}}"
        )
        return f"{text}$Z$ is the minibatch's mean, so the weights' mean is 1.", [line], anchors
    return f"{text}$Z = 1$.", [rf"w_i = {kept}\exp({_scaled(case, 'G_i')})"], anchors


def _scaled(case: Case, what: str) -> str:
    return what if case.eta == "1" else f"{what} / {case.eta}"


def _mean_one(case: Case) -> str:
    return rf"w_i \leftarrow {case.batch} \, \frac{{w_i}}{{{total('j', case.batch)} w_j}}"


def _transformed(case: Case) -> tuple[str, list[str]]:
    """What the logarithm was taken of, made positive."""
    transform = case.row.base("G.transform")
    if transform == "shift":
        return "The least value is subtracted, so that no weight is negative.", [r"w_i = G_i - \min_j G_j"]
    if transform == "adaptive":
        start, limit = case.number("G.transform.init"), case.number("G.transform.limit")
        return (
            f"A cost $c$ within the round; $\\beta$ by maximum likelihood after it, from ${start}$, at most ${limit}$.",
            [
                r"c_i = \max_j G_j - G_i + 10^{-8}",
                r"w_i = \beta \exp(-\beta \, c_i)",
                rf"\beta \leftarrow \min\left(\frac{{\sum_i w_i}}{{\sum_i w_i \, c_i}}, {limit}\right)",
            ],
        )
    return "The weight is what the logarithm is taken of; where it is negative the seed is reported.", ["w_i = G_i"]


def _log_mean(case: Case) -> str:
    """The logarithm of the prior's mean of exp(G / eta)."""
    plan = case.plan
    if plan.fresh and plan.discrete:
        return rf"\mathbb{{E}}_s \log\left( \sum_a {case.old}(a|s) \exp(G(s,a) / \eta) \right)"
    if plan.fresh:
        return rf"\mathbb{{E}}_s \log\left( {mean('m', plan.samples)} \exp(G(s, a_m) / \eta) \right)"
    if plan.top_half:
        return r"\log\left( \frac{1}{|K|} \sum_{i \in K} \exp(G_i / \eta) \right)"
    return rf"\log\left( {mean('i', case.batch)} \exp(G_i / \eta) \right)"


def _temperature(case: Case) -> Section:
    row = case.row
    if facts.solved_eta(row):
        kl = case.number("eta.kl")
        line = rf"\eta = \arg \min_{{\eta > 0}} \, {kl} \, \eta + \eta \, {_log_mean(case)}"
        text = "The dual of the E-step's bound, solved by bisection on every batch, within $[10^{-6}, 10^6]$."
        return Section(
            "The temperature", ("eta", "eta.kl"), text, (line,), case.source("eta"), (f"eta = {case.plan.solved_eta}",)
        )
    path = "pi_q.update.trust_region"
    line = rf"g(\eta) = {case.number(f'{path}.kl')} \, \eta + \eta \, {_log_mean(case)}"
    # Furuta et al. 2021 print one logarithm over states and actions; with several actions a state each has its own.
    form = "Peters et al. 2010; Song et al. 2020"
    if case.plan.fresh:
        form = "Abdolmaleki et al. 2018b; Hoffman et al. 2020"
    start = positive(row.number(f"{path}.init"))
    text = f"The dual of the E-step's bound, descended by {case.optimiser('dual')}; $\\eta$ is {start}."
    return Section(
        "The temperature",
        ("pi_q.update", f"{path}.kl", f"{path}.init", "optimizer.dual"),
        text,
        (line,),
        f"Furuta et al. 2021, Section 4.2.1; {form}",
        ("def eta_dual(", "eta_raw, eta_raw_"),
    )


def _joint_dual(case: Case) -> Section:
    kl, gamma = case.number("eta.kl"), case.row.number("gamma")
    log_mean = r"\eta \log \mathbb{E}[\exp(G / \eta)]"
    start = "" if gamma == 1 else rf" + {number(round(1 - gamma, 10))} \, \mathbb{{E}}[V(s_0)]"
    line = rf"\min_{{\eta > 0, \, v}} \, {kl} \, \eta + {log_mean}{start}, \quad V(s) = v^\top \phi(s)"
    end = "The mean is over the steps of the round"
    end += (
        "; a termination is followed by the start of an episode." if gamma == 1 else " and the stay in terminal states."
    )
    text = f"$\\eta$ and $V$, linear in its features, minimise one dual on all of the round. {end}"
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
    least = rf"{target[1:]} \, \eta" if target.startswith("-") else rf"-{target} \, \eta"
    line = rf"g(\eta) = {least} - \eta \, \mathbb{{E}}_{{s, \, a \sim \pi_\theta}}[\log \pi_\theta(a|s)]"
    start = number(math.log(case.row.number("eta.init")))
    text = f"The dual of the bound on the entropy, descended by {case.optimiser('dual')}; "
    text += f"$\\eta$ is $\\exp(x)$, $x$ from ${start}$ and held in $[-18, 18]$ after each step."
    return Section(
        "The temperature",
        case.present("eta", "eta.target", "eta.init", "optimizer.dual"),
        text,
        (line,),
        case.source("eta"),
        ("def eta_dual(", "log_eta, log_eta_"),
    )
