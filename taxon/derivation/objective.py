"""The objective, the policy's family, and what prior and posterior are."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.derivation.case import OLD, Case
from taxon.derivation.notation import number
from taxon.derivation.section import Section
from taxon.taxonomy.axes import facts


def _bound(value: str) -> str:
    """The lower bound with what is expected under pi_q."""
    expected = rf"\mathbb{{E}}_{{a \sim \pi_q}}\left[ {value} \right]"
    return rf"\mathbb{{E}}_s\left[ {expected} - \mathrm{{KL}}(\pi_q \| \pi_p) \right]"


def sections(case: Case) -> Iterator[Section]:
    """What is maximised, over which policies."""
    yield _objective(case)
    yield _policy(case)
    yield _prior(case)
    if case.plan.em:
        yield _posterior(case)


def _objective(case: Case) -> Section:
    text, lines = _em(case) if case.plan.em else _kl(case)
    return Section(
        "Objective",
        case.present("pi_q", "pi_p", "G", "eta", "pi_q.update"),
        f"The lower bound on the evidence for optimality; {text}",
        (r"\mathcal{J}(\pi_p, \pi_q) = " + _bound(r"\frac{G(s,a)}{\eta}"), *lines),
        "; ".join(filter(None, ("Furuta et al. 2021, Eq. 1", case.source("eta", "pi_p.update.expected_return")))),
        (cost(case),),
    )


def cost(case: Case) -> str:
    """The anchor of the policy's loss, or of what its solution reaches."""
    if facts.solved(case.row):
        return "policy_cost = -valid_average("
    return "def gain_and_divergence(" if facts.natural(case.row) else "def policy_loss("


def _em(case: Case) -> tuple[str, tuple[str, ...]]:
    row = case.row
    value = r"\mathbb{E}_{a \sim \pi_q}[G(s,a)]"
    if facts.in_sequences(row):
        # Against the uniform measure: Nachum et al. 2017 divide the samples' own probability out.
        lines = [rf"\mathcal{{J}} = \mathbb{{E}}_{{a \sim \pi_q}}[{_slashed(case, 'R')} - \log \pi_q(a)]"]
        text = "an action here is a whole sequence, $R$ its return, and the measure of sequences is uniform."
        if row.has("pi_p.update", "expected_return"):
            lines.append(
                rf"\max_\theta \, \mathbb{{E}}_{{\pi_\theta}}[R] + {bonus(case)} \, "
                r"\mathbb{E}_{\pi_q}[\log \pi_\theta]"
            )
            text += " The gradient of the expected return is added to the projection."
        return text, tuple(lines)
    if facts.logarithm(row):
        what = logarithmic(case)
        line = r"\mathcal{J} = " + _bound(rf"\log {what}")
        return "$G$ is $\\eta$ times a logarithm, so that $\\eta$ cancels.", (line,)
    if facts.trust_region_e(row) or facts.solved_eta(row):
        path = "eta.kl" if facts.solved_eta(row) else "pi_q.update.trust_region.kl"
        each = r"\mathbb{E}_s \, " if case.plan.fresh else ""
        bound = rf"{each}\mathrm{{KL}}(\pi_q \| \pi_p) \leq {case.number(path)}"
        lines = [rf"\max_{{\pi_q}} \, \mathbb{{E}}_s \, {value} \quad \mathrm{{s.t.}} \quad {bound}"]
        if facts.dual_value(row):
            lines = [
                rf"\max_{{\pi_q}} \, \mathbb{{E}}_{{s, \, a \sim \pi_q}}[r(s,a)] \quad \mathrm{{s.t.}} \quad {bound}",
                _flow(case),
            ]
        return "the divergence is bounded instead of weighed, and $\\eta$ becomes the bound's multiplier.", tuple(lines)
    if row.base("pi_q.update.f") in ("indicator", "relu"):
        line = r"\mathcal{J} = " + _bound(r"\log f(G(s,a))")
        return "optimality is $f(G)$ in the place of $\\exp(G/\\eta)$.", (line,)
    line = r"\mathcal{J} = " + _bound(case.over_eta("G(s,a)"))
    return "ascended in turn over $\\pi_q$ (E-step) and over $\\pi_p$ (M-step).", (line,)


def logarithmic(case: Case) -> str:
    """What G is the logarithm of: the reward, the return, or the critic."""
    if case.row.base("G") != "eta * log(r)":
        return r"Q^{\pi_p}(s,a)"
    return "r(s,a)" if case.row.base("G.estimate") == "none" else "R(s,a)"


def _flow(case: Case) -> str:
    """What enters a state leaves it, as far as the value's features tell."""
    gamma = case.row.number("gamma")
    start = "" if gamma == 1 else rf" + {number(round(1 - gamma, 10))} \, \mathbb{{E}}[\phi(s_0)]"
    return rf"\mathbb{{E}}_{{s, \, a \sim \pi_q}}[{case.gamma}\phi(s') - \phi(s)]{start} = 0"


def bonus(case: Case) -> str:
    """The factor of the weighted likelihood beside the expected return."""
    share = case.row.number("pi_p.update.expected_return.bonus")
    factors = [
        case.number("pi_p.update.expected_return.bonus") if share != 1 else "",
        case.eta if case.eta != "1" else "",
    ]
    return r" \cdot ".join(filter(None, factors))


def _kl(case: Case) -> tuple[str, tuple[str, ...]]:
    row, plan = case.row, case.plan
    value = r"\mathbb{E}_{s, \, a \sim \pi_\theta}[G(s,a)]"
    reverse = r"\mathbb{E}_s \, \mathrm{KL}(\pi_p \| \pi_\theta)"
    if facts.natural(row):
        bound = case.number("pi_q.update.kl")
        text = "a bound on the divergence, in the other direction, stands in for its weight."
        return text, (rf"\max_\theta \, {value} \quad \mathrm{{s.t.}} \quad {reverse} \leq {bound}",)
    if plan.penalty:
        return "its divergence is taken in the other direction, and $\\eta$ adapts.", (
            rf"\max_\theta \, {value} - \eta \, {reverse}",
        )
    if not case.eta:
        clipped = (
            "the clipped ratio stands in for the divergence"
            if plan.clipped
            else "$\\eta = 0$ leaves the divergence out"
        )
        return f"{clipped}.", (rf"\max_\theta \, {value}",)
    if plan.trailing:
        line = rf"\max_\theta \, {value} - " + case.times_eta(r"\mathbb{E}_s \, \mathrm{KL}(\pi_\theta \| \pi_p)")
        return "times $\\eta$, ascended over $\\pi_q = \\pi_\\theta$ with $\\pi_p$ held.", (line,)
    entropy = case.times_eta(r"\log \pi_\theta(a|s)")
    line = rf"\max_\theta \, \mathbb{{E}}_{{s, \, a \sim \pi_\theta}}[G(s,a) - {entropy}]"
    text = "times $\\eta$, ascended over $\\pi_q = \\pi_\\theta$; a uniform $\\pi_p$ adds a constant."
    if row.base("eta") == "entropy":
        bound = r"\mathbb{E}_{s, \, a \sim \pi_\theta}[-\log \pi_\theta(a|s)] \geq " + entropy_target(case)
        return f"{text} $\\eta$ is the multiplier of a bound on the entropy.", (line, bound)
    return text, (line,)


def entropy_target(case: Case) -> str:
    """The least entropy of an action: by dimension, where it has dimensions."""
    target = case.number("eta.target")
    if case.plan.discrete:
        return target
    return {"1": "D", "-1": "-D"}.get(target, rf"{target} \, D")


def _policy(case: Case) -> Section:
    row, plan = case.row, case.plan
    text, lines = "A function of the state.", [r"a = \mu_\theta(s)"]
    if plan.discrete:
        text, lines = (
            "A choice among finitely many actions.",
            [r"\pi_\theta(a|s) = \frac{\exp(l_{\theta,a}(s))}{\sum_b \exp(l_{\theta,b}(s))}"],
        )
    elif plan.head != "mean":
        what = "u" if plan.tanh else "a"
        family = rf"\mathcal{{N}}({what}; \mu_\theta(s), {_covariance(case)})"
        text, lines = "A Gaussian.", [rf"\pi_\theta({what}|s) = {family}"]
        if plan.tanh:
            text = "A Gaussian behind tanh, so that actions lie in $[-1, 1]$."
            lines = [r"a = \tanh(u)", rf"\log \pi_\theta(a|s) = \log {family} - \sum_d \log(1 - \tanh(u_d)^2)"]
        if row.base("network.policy.std") == "exploration":
            text = "A mean that is linear in features $\\phi$, each of whose parameters is perturbed."
            lines.append(r"\sigma_\theta(s)^2 = \sum_j \sigma_j^2 \, \phi_j(s)^2")
    if plan.deviation_bounds:
        low, high = (case.number(f"network.policy.std.{bound}") for bound in ("low", "high"))
        what = "the diagonal of $L_\\theta$" if plan.head == "full" else "$\\sigma_\\theta$"
        text += f" The logarithm of {what} is a trained vector, held in $[{low}, {high}]$ after each step."
    if row.base("network.policy.mean") == "tanh":
        text += " $\\mu_\\theta(s)$ is the tanh of the network's output."
    paths = case.present("pi_theta", facts.normal_path(row), f"{facts.normal_path(row)}.cov", "network.policy.std")
    return Section(
        "The policy",
        tuple(dict.fromkeys(paths)),
        text,
        tuple(lines),
        case.source("pi_theta", facts.normal_path(row), "network.policy.std"),
        ("self.policy = ",),
    )


def _covariance(case: Case) -> str:
    learned = facts.covariance(case.row)
    if not learned:
        return rf"{case.number(f'{facts.normal_path(case.row)}.cov')} \, I"
    of_state = "(s)" if learned == "cov(s)" else ""
    if facts.full_covariance(case.row):
        return rf"L_\theta{of_state} \, L_\theta{of_state}^\top"
    return rf"\mathrm{{diag}}(\sigma_\theta{of_state}^2)"


def _prior(case: Case) -> Section:
    row, plan = case.row, case.plan
    name, lines, anchors = r"\pi_p", [], [DATA]
    if row.base("pi_p") == "fixed":
        uniform = r"\log \pi_p(a|s) = \mathrm{const}"
        return Section("The prior", ("pi_p",), "Uniform, and never moved.", (uniform,), case.source("pi_p"), ())
    if facts.mixture(row):
        text = "The average of all policies so far, by the actions in the replay."
        lines = [r"\pi_p = \frac{1}{k} \sum_{j=0}^{k-1} \pi_{\theta_j}"]
    elif plan.rollouts:
        text = "The policy that collected the round."
        if facts.in_sequences(row):
            text += " Its own probability of a sequence is divided out of the weights."
        lines = [rf"{name} = {OLD} = \pi_{{\theta_{{k-1}}}}"]
    elif plan.lagged_policy:
        text = "The lagged copy of the policy."
        lines, anchors = [rf"{name} = {OLD} = \pi_{{\theta'}}"], ["policy_target = "]
    else:
        text = "The policy as it stands before the update."
        lines, anchors = [rf"{name} = \pi_{{\theta_{{k-1}}}}"], [cost(case)]
    if plan.reads_old and plan.old_columns:
        anchors.append(f'columns |= {{"{plan.old_columns[0]}"')
    paths = case.present("pi_p", "pi_p.update", "data", "target.policy")
    return Section(
        "The prior", paths, text, tuple(lines), case.source("pi_p") or "Furuta et al. 2021, Table 1", tuple(anchors)
    )


DATA = "DATA = "


def _posterior(case: Case) -> Section:
    row, plan = case.row, case.plan
    over = r"Z(s)" if plan.fresh else "Z"
    posterior = rf"\pi_q(a|s) = \frac{{1}}{{{over}}} \, \pi_p(a|s) \, "
    text = "The closed form of the maximum over $\\pi_q$."
    if facts.in_sequences(row):
        posterior = r"\pi_q(a) \propto "
        text = "The closed form over sequences of actions that began alike."
        factor = rf"\exp({_slashed(case, 'R')})"
    elif facts.logarithm(row):
        factor = logarithmic(case)
    elif row.base("pi_q.update.f") == "indicator":
        factor = r"\mathbf{1}[G(s,a) \geq 0]"
    elif row.base("pi_q.update.f") == "relu":
        factor = r"\max(G(s,a), 0)"
    else:
        factor = rf"\exp\left({case.over_eta('G(s,a)')}\right)"
    if plan.mixture and row.base("pi_q.update.normalise") == "none":
        text += " Its support is the actions in the data, and $Z = 1$."
    elif plan.mixture and not facts.in_sequences(row):
        text += " Its support is the actions in the data, over which $Z$ is summed."
    elif plan.fresh:
        text += (
            " Its support is every action."
            if plan.discrete
            else f" Its support is ${plan.samples}$ actions of $\\pi_p$ at each state."
        )
    paths = case.present("pi_q", "pi_q.update", "pi_q.update.f", "pi_q.update.samples", "pi_q.update.normalise")
    return Section(
        "E-step",
        paths,
        text,
        (posterior + factor,),
        case.source("pi_q", "pi_q.update") or "Furuta et al. 2021, Eq. 2",
        ("omega = group_weights(" if facts.in_sequences(row) else f"weights = {plan.fragments['weights']}",),
    )


def _slashed(case: Case, what: str) -> str:
    return what if case.eta == "1" else f"{what} / {case.eta}"
