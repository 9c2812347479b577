"""KL control: the loss of a parametric pi_q, by the action, by the ratio, or along the natural gradient."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.derivation.case import OLD, Case
from taxon.derivation.estep import entropy_dual, score
from taxon.derivation.notation import number
from taxon.derivation.section import Section
from taxon.taxonomy.axes import facts


def sections(case: Case) -> Iterator[Section]:
    """How pi_q ascends the objective, and what adapts its temperature."""
    if case.plan.em:
        return
    if case.plan.ratio:
        yield score(case)
    yield _natural(case) if facts.natural(case.row) else _ratio(case) if case.plan.ratio else _objective(case)
    if case.row.base("eta") == "entropy":
        yield entropy_dual(case)
    if case.plan.penalty:
        yield _penalty(case)


def _step(case: Case, text: str, lines: list[str], anchors: list[str], source: str) -> Section:
    paths = (
        "pi_q.update",
        "pi_q.update.clipped.ratio",
        "G",
        "G.critic",
        "pi_p",
        "eta",
        "optimizer.policy",
        "optimizer.policy_every",
    )
    text = f"{text} Descended by {case.optimiser('policy')}."
    if case.plan.policy_every > 1:
        text += f" Once for every ${case.plan.policy_every}$ updates of the critic."
    return Section(
        "The ascent of the policy", case.present(*paths), text, tuple(lines), source, (*anchors, "policy, policy_")
    )


def _objective(case: Case) -> Section:
    """Through the action, or over all of a softmax's actions."""
    plan = case.plan
    source = case.source("pi_q.update")
    if plan.head == "mean":
        text = "$G$ is the critic at the policy's own action; the gradient runs through the action, the critic is held."
        return _step(
            case,
            text,
            [rf"L(\theta) = -\mathbb{{E}}_s \, {case.scorer}(s, \mu_\theta(s))"],
            ["loss = -average("],
            case.source("pi_theta") or source,
        )
    against = case.eta and plan.trailing and not plan.penalty
    ratio = rf"\log \frac{{\pi_\theta(a|s)}}{{{OLD}(a|s)}}" if against else r"\log \pi_\theta(a|s)"
    weighed = "" if not case.eta or (plan.trailing and not against) else case.times_eta(ratio)
    inside = f"{weighed} - {case.scorer}(s,a)" if weighed else f"-{case.scorer}(s,a)"
    if plan.discrete:
        lines = [rf"L(\theta) = \mathbb{{E}}_s \sum_a \pi_\theta(a|s) \left[ {inside} \right]"]
        text = "$G$ is the critic, which is held, at all actions, weighed by their probability."
    else:
        lines = [rf"L(\theta) = \mathbb{{E}}_{{s, \, \xi}} \left[ {inside} \right], \quad {_drawn(case)}"]
        text = "$G$ is the critic at an action of the policy; the gradient runs through the action, the critic is held."
    anchors = ["loss = average(" if weighed else "loss = -average("]
    if plan.penalty:
        lines[0] = _with_penalty(lines[0])
        lines.append(_divergence_sum())
        anchors.append("loss = loss + state.eta")
    return _step(case, text, lines, anchors, source)


def _drawn(case: Case) -> str:
    spread = r"L_\theta" if case.plan.head == "full" else r"\sigma_\theta"
    inner = rf"\mu_\theta(s) + {spread} \, \xi"
    return rf"a = \tanh({inner})" if case.plan.tanh else rf"a = {inner}"


def _with_penalty(line: str) -> str:
    head, comma, rest = line.partition(r", \quad ")
    return rf"{head} + \eta \, C{comma}{rest}"


def _divergence_sum() -> str:
    return rf"C = \mathbb{{E}}_s \, \mathrm{{KL}}({OLD} \| \pi_\theta)"


def _ratio(case: Case) -> Section:
    """By the likelihood ratio of the actions taken."""
    plan = case.plan
    lines = [rf"L(\theta) = -\mathbb{{E}}[\rho \, G], \quad {_rho()}"]
    anchors = ["loss = clipped_surrogate(" if plan.clipped else "loss = surrogate(", 'columns["old_log_prob"] = ']
    text = f"The gradient is taken at the actions in the data, by their likelihood ratio; ${OLD}$ took them."
    if plan.clipped:
        low, high = (_off_one(case, sign) for sign in (-1, 1))
        lines = [
            rf"L(\theta) = -\mathbb{{E}} \min(\rho \, G, \mathrm{{clip}}(\rho, {low}, {high}) \, G), \quad {_rho()}"
        ]
        text += " It earns nothing beyond the clip."
    if plan.penalty:
        lines[0] = _with_penalty(lines[0])
        lines.append(_divergence_sum())
    elif plan.trailing and case.eta:
        lines.append(r"L \leftarrow L + " + case.times_eta(rf"\mathbb{{E}}_s \, \mathrm{{KL}}(\pi_\theta \| {OLD})"))
    elif case.eta and plan.tanh:
        lines.append(r"L \leftarrow L + " + case.times_eta(r"\mathbb{E}[\rho \log \pi_\theta(a|s)]"))
    elif case.eta:
        lines.append(r"L \leftarrow L - " + case.times_eta(r"\mathbb{E}_s \, \mathcal{H}(\pi_\theta)"))
    if len(lines) > 1:
        anchors.append("update_policy.policy_loss: loss = loss ")
    return _step(case, text, lines, anchors, case.source("pi_q.update"))


def _rho() -> str:
    return rf"\rho = \frac{{\pi_\theta(a|s)}}{{{OLD}(a|s)}}"


def _off_one(case: Case, sign: int) -> str:
    return f"{1 + sign * case.row.number('pi_q.update.clipped.ratio'):.10g}"


def _natural(case: Case) -> Section:
    delta, damping = case.number("pi_q.update.kl"), case.number("pi_q.update.damping")
    tries, shrink = int(case.row.number("pi_q.update.tries")), case.number("pi_q.update.shrink")
    rounds = case.number("pi_q.update.iterations")
    lines = (
        rf"L(\theta) = \mathbb{{E}}[\rho \, G], \quad {_rho()}",
        rf"C(\theta) = \mathbb{{E}}_s \, \mathrm{{KL}}({OLD} \| \pi_\theta) \leq {delta}",
        rf"F \, x = \nabla L, \quad F = \nabla^2 C + {damping} \, I",
        rf"\theta \leftarrow \theta + {shrink}^j \sqrt{{\frac{{2 \cdot {delta}}}{{x^\top F \, x + 10^{{-8}}}}}} \, x",
    )
    text = (
        f"$L$ is ascended. $x$ by ${rounds}$ iterations of conjugate gradients; $j < {tries}$ is the first at which "
        "the bound holds and $L$ is not lower than before, or there is no step."
    )
    path = "pi_q.update"
    return Section(
        "The ascent of the policy",
        case.present(path, *(f"{path}.{leaf}" for leaf in ("kl", "damping", "iterations", "tries", "shrink"))),
        text,
        lines,
        case.source(path),
        (
            "def gain_and_divergence(",
            "def fisher(",
            "direction = conjugate_gradient(",
            "step = natural_step(",
            "policy, fraction = line_search(",
        ),
    )


def _penalty(case: Case) -> Section:
    path = "pi_q.update.penalty"
    target, tolerance = case.row.number(f"{path}.kl"), case.row.number(f"{path}.tolerance")
    factor = case.number(f"{path}.factor")
    high, low = (number(float(f"{bound:.4g}")) for bound in (target * tolerance, target / tolerance))
    lines = (
        rf"C = \mathbb{{E}}_s \, \mathrm{{KL}}({OLD} \| \pi_\theta)",
        rf"\eta \leftarrow {factor} \, \eta \quad \mathrm{{where}} \quad C > {high}",
        rf"\eta \leftarrow \eta / {factor} \quad \mathrm{{where}} \quad C < {low}",
    )
    text = (
        f"From ${case.number(f'{path}.init')}$; after the epochs on a round $C$, over all of its states, is held "
        f"against its target ${case.number(f'{path}.kl')}$ by a factor ${case.number(f'{path}.tolerance')}$. "
        r"$\eta$ stays in $[10^{-8}, 10^8]$."
    )
    paths = ("pi_q.update", *(f"{path}.{leaf}" for leaf in ("kl", "init", "tolerance", "factor")))
    return Section(
        "The adaptive temperature", paths, text, lines, "Schulman et al. 2017, Section 4", ("def update_penalty(",)
    )
