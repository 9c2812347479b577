"""The critic: the value of the next state, the estimate that is its target, and the loss."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.derivation.case import Case
from taxon.derivation.notation import mean
from taxon.derivation.section import Section


def sections(case: Case) -> Iterator[Section]:
    """How the critic follows its estimate, where it follows one."""
    if not case.plan.fits_critic:
        return
    yield _next_value(case)
    if case.plan.fragments["target"] == "retrace":
        yield _trace(case)
    yield _target(case)
    yield _loss(case)


def _next_value(case: Case) -> Section:
    row, plan = case.row, case.plan
    q, policy = case.bootstrap, case.old if plan.lagged_policy else r"\pi_\theta"
    smoothed = "G.estimate.smoothing.std" in row
    lines: list[str] = []
    if plan.critic == "v":
        text, lines = "The critic's own value.", [rf"V(s') = {q}(s')"]
    elif plan.discrete:
        entropy = case.times_eta(rf"\log {policy}(a|s')")
        inside = rf"\left[ {q}(s',a) - {entropy} \right]" if plan.soft else f"{q}(s',a)"
        lines = [rf"V(s') = \sum_a {policy}(a|s') \, {inside}"]
        text = "The policy's mean over all actions."
    else:
        text, lines = _sampled(case, q, policy, smoothed)
    if plan.soft:
        text += " The entropy of the next action counts, that of the action evaluated does not."
    if smoothed:
        text += " Clipped noise smooths the critic around the action."
    if plan.lagged_critic:
        text += " The critic is its lagged copy."
    paths = (
        "G",
        "G.estimate",
        "G.estimate.samples",
        "G.estimate.smoothing.std",
        "G.estimate.smoothing.clip",
        "eta",
        "target",
    )
    source = case.source("G", "G.estimate")
    anchors = ["next_value = "]
    if plan.q:
        anchors.insert(0, "next_log_probs = " if plan.discrete else "next_action = ")
    if plan.soft and not plan.discrete:
        anchors.insert(1, "next_log_prob = ")
    return Section("The value of the next state", case.present(*paths), text, tuple(lines), source, tuple(anchors))


def _sampled(case: Case, q: str, policy: str, smoothed: bool) -> tuple[str, list[str]]:
    """By actions of the policy: one, several, or the deterministic one."""
    plan, count = case.plan, case.plan.value_samples
    if plan.head == "mean":
        mu = r"\mu_{\theta'}(s')" if plan.lagged_policy else r"\mu_\theta(s')"
        taken = _smooth(case, mu) if smoothed else mu
        return "The critic at the policy's action.", [rf"V(s') = {q}(s', a'), \quad a' = {taken}"]
    entropy = " - " + case.times_eta(rf"\log {policy}(a_j|s')") if plan.soft else ""
    lines = [_smooth_line(case)] if smoothed else []
    argument = "b" if smoothed else "a"
    if count == 1:
        one = entropy.replace("a_j", "a'")
        value = rf"V(s') = {q}(s', {argument}'){one}, \quad a' \sim {policy}(\cdot|s')"
        return "The critic at one action of the policy.", [value, *lines]
    inside = f"{q}(s', {argument}_j){entropy}"
    inside = f"[{inside}]" if entropy else inside
    value = rf"V(s') = {mean('j', count)} {inside}, \quad a_j \sim {policy}(\cdot|s')"
    return f"The critic's mean over ${count}$ actions of the policy.", [value, *lines]


def _smooth_line(case: Case) -> str:
    return rf"b = {_smooth(case, 'a')}"


def _smooth(case: Case, action: str) -> str:
    std, clip = (case.number(f"G.estimate.smoothing.{leaf}") for leaf in ("std", "clip"))
    noise = rf"\mathrm{{clip}}({std} \, \xi, -{clip}, {clip})"
    return rf"\mathrm{{clip}}({action} + {noise}, -1, 1)"


def _trace(case: Case) -> Section:
    lambda_ = case.number("G.estimate.lambda")
    policy = case.old if case.plan.lagged_policy else r"\pi_\theta"
    factor = "" if lambda_ == "1" else rf"{lambda_} \, "
    line = rf"c_t = {factor}\min\left(1, \frac{{{policy}(a_t|s_t)}}{{b(a_t|s_t)}}\right)"
    text = "How much of an action's correction is kept; $b$ is the density with which the action was taken."
    if case.plan.tanh:
        text += " Both densities are those of the action as it is stored, no nearer to the border than $10^{-6}$."
    return Section(
        "The trace",
        case.present("G.estimate", "G.estimate.lambda", "data"),
        text,
        (line,),
        "Munos et al. 2016",
        ("log_ratio = ", "q = self.q("),
    )


def _target(case: Case) -> Section:
    estimate, gamma = case.plan.fragments["target"], case.gamma
    lambda_ = case.number("G.estimate.lambda") if "G.estimate.lambda" in case.row else ""
    following, ends = r"V(s_{t+1})", "Only termination ($d = 1$) ends the sum; an episode's end cuts the trace."
    if estimate == "td":
        text, line = "One step; only termination ($d = 1$) ends the sum.", rf"y = r + {gamma}(1 - d) \, V(s')"
    elif estimate == "lambda_returns" and lambda_ == "1":
        text, line = (
            f"The return, with $V(s_{{t+1}})$ in the place of $y_{{t+1}}$ where an episode is cut. {ends}",
            rf"y_t = r_t + {gamma}(1 - d_t) \, y_{{t+1}}",
        )
    elif estimate == "lambda_returns":
        text = ends
        line = rf"y_t = r_t + {gamma}(1 - d_t) \left[ (1 - {lambda_}) \, {following} + {lambda_} \, y_{{t+1}} \right]"
    elif estimate == "n_step":
        n = int(case.row.number("G.estimate.n"))
        power = "" if not gamma else rf"{case.number('gamma')}^{{l}} \, "
        last = "" if not gamma else rf"{case.number('gamma')}^{{{n}}} \, "
        text = f"The rewards of ${n}$ steps, fewer where the episode ends; no value follows a termination."
        line = rf"y_t = \sum_{{l=0}}^{{{n - 1}}} {power}r_{{t+l}} + {last}V(s_{{t+{n}}})"
    elif estimate == "gae":
        decay = " \\cdot ".join(filter(None, (case.number("gamma") if gamma else "", lambda_)))
        text = f"The advantage as a decaying sum of one-step errors, plus the value. {ends}"
        error = rf"\delta_t = r_t + {gamma}(1 - d_t) \, {following} - V(s_t)"
        line = rf"y_t = V(s_t) + \sum_{{l \geq 0}} ({decay})^l \, \delta_{{t+l}}, \quad {error}"
    else:
        text = f"Off-policy returns over a window. {ends}"
        correction = rf"c_{{t+1}} \, (y_{{t+1}} - {case.bootstrap}(s_{{t+1}}, a_{{t+1}}))"
        line = rf"y_t = r_t + {gamma}(1 - d_t) \left[ {following} + {correction} \right]"
    anchors = ("targets: return ",) if case.plan.phased else ("target = ",)
    paths = ("G.estimate", "G.estimate.lambda", "G.estimate.n", "gamma", "data.sequences.length")
    return Section("The target of G", case.present(*paths), text, (line,), case.source("G.estimate"), anchors)


def _loss(case: Case) -> Section:
    plan = case.plan
    name = ("Q_{\\phi_i}(s,a)" if plan.critics > 1 else "Q_\\phi(s,a)") if plan.q else "V_\\phi(s)"
    total = r"\sum_{i=1}^{2} " if plan.critics > 1 else ""
    target = "y"
    text = f"Half the squared error, the target held, descended by {case.optimiser('value')}."
    if "VALUE_SCALE" in plan.constants:
        scale = case.number("network.value.scale")
        name, target = name.replace("_\\phi", "_{\\phi}"), rf"\frac{{y}}{{{scale}}}"
        name = rf"\frac{{{name}}}{{{scale}}}"
        text += f" The critic is ${scale}$ times its network, and the error is in the network's unit."
    line = rf"L(\phi) = \frac{{1}}{{2}} \, {total}\mathbb{{E}}\left[ ({target} - {name})^2 \right]"
    paths = ("G.fit", "network.value.scale", "optimizer.value", "optimizer.clip")
    return Section(
        "The loss of the critic",
        case.present(*paths),
        text,
        (line,),
        "Furuta et al. 2021, Section 4.2; Sutton and Barto 2018",
        ("loss = squared_error(", "critic, critic_"),
    )
