"""pi_p and pi_p.update: what the prior is, and how it follows a nonparametric pi_q."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.block import ContractError, Section
from taxon.compiler.blocks.bounds import bounds
from taxon.compiler.blocks.critic import FURUTA
from taxon.compiler.blocks.data import data
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.metrics import deviations, entropy
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.blocks.policy import OLD, apply, family, fit_states, old_parameters, older
from taxon.compiler.blocks.posterior import Support, support
from taxon.compiler.blocks.region import region
from taxon.compiler.blocks.roles import descend
from taxon.compiler.blocks.weights import normalisation
from taxon.compiler.choices import Choices, choice, table
from taxon.compiler.notation import mean, total
from taxon.taxonomy.axes import facts

table("pi_p.update.likelihood", {"joint": False, "decoupled": True})


def project(c: Choices) -> None:
    """The M-step: pi_p follows pi_q."""
    found = c.take(support)
    c.meaning("pi_p.update")(c, found)


@choice("pi_p.update", "sg")
def _sg(c: Choices, s: Support) -> None:
    c.has("pi_p.update", "mixture")
    {"sequences": _sequences, "every": _likelihood, "drawn": _likelihood, "data": _likelihood}[s.kind](c, s)
    if c.has("pi_p.update", "trust_region"):
        region(c)
    bounds(c, s)
    descend(c, "policy", "policy_loss", "policy_cost", "policy")


def _source(c: Choices, decoupled: bool) -> str:
    source = c.source("pi_p.update") or f"{FURUTA}, Eq. 3"
    return f"{source}; Hoffman et al. 2020" if decoupled else source


def _likelihood(c: Choices, s: Support) -> None:
    made, states = c.take(family), fit_states(c)
    decoupled = "pi_p.update.likelihood" in c.row and bool(c.meaning("pi_p.update.likelihood"))
    code = apply(c, "", "policy", states) + "\n"
    if s.kind == "every":
        code += f"loss = -average((weights * {made.write(made.log_all)}).sum(-1))"
        line = r"L(\theta) = -\mathbb{E}_s \sum_a w_a \log \pi_\theta(a|s)"
    elif decoupled:
        old_parameters(c)
        mean_term, spread_term = (made.write(text, "", s.axis, s.action) for text in made.held)
        code += f"""# mean and covariance apart: N(mu, Sigma_old) and N(mu_old, Sigma)
mean_log_prob = {mean_term}
cov_log_prob = {spread_term}
loss = weighted_likelihood(weights, mean_log_prob + cov_log_prob)"""
        line = _weighted(c, s, True)
    else:
        code += f"loss = weighted_likelihood(weights, {made.likelihood('', s.axis, s.action)})"
        line = _weighted(c, s, False)
    where = " at the states $s'$" if states == "next_observation" else ""
    text = (
        f"The projection of $\\pi_q$ onto the policy's family{where}: descent of $L$ by {optimiser(c, 'policy').words}."
    )
    if made.unsquash:
        text += " The likelihood is that of $u = \\mathrm{artanh}(a)$: the Jacobian of tanh has no parameters."
    if decoupled:
        text += " Mean and covariance apart: each is fitted with the other at its old value."
    paths = ("pi_p.update", "pi_p.update.likelihood", "pi_q.update.states", "optimizer.policy", "optimizer.clip")
    section = Section("M-step", c.present(*paths), text, (line,), _source(c, decoupled), ("loss", "policy"))
    doc = "-E_s sum w log pi_theta(a|s)"
    metrics = (*entropy(c), *deviations(c))
    c.add("policy", code, "loss", *made.parameters, within="policy", doc=doc, metrics=metrics, sections=(section,))


def _weighted(c: Choices, s: Support, decoupled: bool) -> str:
    """The weighted likelihood, over actions drawn or stored."""
    made, drawn = c.take(family), s.kind == "drawn"
    action, state = ("a_m", "s") if drawn else ("a_i", "s_i")
    what = action.replace("a", "u", 1) if made.unsquash else action
    if decoupled:
        density = (
            rf"\, \left[ \log \mathcal{{N}}({what}; \mu_\theta, \Sigma_{{\mathrm{{old}}}}) + "
            rf"\log \mathcal{{N}}({what}; \mu_{{\mathrm{{old}}}}, \Sigma_\theta) \right]"
        )
    elif made.unsquash:
        density = (
            rf"\log \mathcal{{N}}({what}; \mu_\theta, \Sigma_\theta)"
            if made.parts
            else rf"\log \pi_\theta({what}|{state})"
        )
    else:
        density = rf"\log \pi_\theta({action}|{state})"
    weighted = rf"\mathbb{{E}}_s {total('m', s.samples)} w_m" if drawn else f"{mean('i', c.take(data).batch)} w_i"
    return rf"L(\theta) = -{weighted} {density}"


def bonus(c: Choices) -> str:
    """The factor of the weighted likelihood beside the expected return."""
    share, eta = c.value("pi_p.update.expected_return.bonus"), c.take(temperature).tex
    factors = [c.tex("pi_p.update.expected_return.bonus") if share != 1 else "", eta if eta != "1" else ""]
    return r" \cdot ".join(filter(None, factors))


def _sequences(c: Choices, s: Support) -> None:
    """The likelihood of whole episodes, and the gradient of the expected return beside it."""
    if "pi_p.update.likelihood" in c.row and c.meaning("pi_p.update.likelihood"):
        raise ContractError("pi_p.update.likelihood = decoupled has no block for whole sequences of actions")
    made, found = c.take(family), c.take(data)
    size = found.group
    line = rf"L(\theta) = -\frac{{1}}{{{found.environments}}} \sum_k g_k \sum_t \log \pi_\theta(a_{{k,t}}|s_{{k,t}})"
    if c.has("pi_p.update", "expected_return"):
        c.constant("BONUS", "pi_p.update.expected_return.bonus", "of the reward-weighted term, as a factor on eta")
        eta = c.take(temperature).value
        code = f"""# and the gradient of the expected return beside it: R + bonus eta K w, less the group's mean
score = underappreciated_score(outcome, omega, {eta}, BONUS, began).flatten(1)"""
        share = " \\cdot ".join(filter(None, (bonus(c), str(size))))
        gain = rf"g_k = R_k + {share} \, \omega_k - {mean('j', size)} (R_j + {share} \, \omega_j)"
        text = "The expected return's gradient and the projection of $\\pi_q$, less the group's mean"
    else:
        code, gain = "score = (GROUP * omega).flatten(1)", rf"g_k = {size} \, \omega_k"
        text = "The projection of $\\pi_q$ onto the policy's family"
    leaves = (
        "pi_p.update",
        "pi_p.update.expected_return.bonus",
        "data.restarts.group",
        "optimizer.policy",
        "optimizer.clip",
    )
    source = c.source("pi_p.update") or f"{FURUTA}, Eq. 3; Nachum et al. 2017"
    text = f"{text}: descent of $L$ by {optimiser(c, 'policy').words}."
    section = Section("M-step", c.present(*leaves), text, (line, gain), source, ("score", "loss", "policy"))
    c.add("policy", code, "score")
    likelihood = made.likelihood("", "", s.action)
    code = f"{apply(c, '', 'policy', 'observation')}\nloss = -average(score * by_episode({likelihood}))"
    doc = "-E[score log pi_theta(all actions of the episode)]"
    metrics = (*entropy(c, valid="valid"), *deviations(c))
    c.add("policy", code, "loss", *made.parameters, within="policy", doc=doc, metrics=metrics, sections=(section,))


# ---- solved


@choice("pi_p.update", "analytic", "pi_q")
def _solved(c: Choices, s: Support) -> None:
    """The maximum of the weighted likelihood itself."""
    c.has("pi_p.update", "mixture")
    made = c.take(family)
    c.constant("RIDGE", "pi_p.update.ridge", "of the M-step")
    states = fit_states(c)
    rows = {
        "every": """# every action of a state is a row
choices = torch.eye(self.actions, device=features.device).expand(*features.shape[:2], -1, -1)
rows, counted = choices.flatten(1, 2), (weights * valid.unsqueeze(-1)).flatten(1)
features = features.unsqueeze(2).expand(-1, -1, self.actions, -1).flatten(1, 2)""",
        "drawn": f"""# every action of a state is a row
rows, counted = {s.action}.flatten(1, 2), (weights * valid.unsqueeze(1)).flatten(1)
features = features.unsqueeze(1).expand(-1, {s.action}.shape[1], -1, -1).flatten(1, 2)""",
        "data": f"rows, counted = {s.action}, weights * valid",
    }[s.kind]
    likelihood = {
        "every": f"(weights * {made.write(made.log_all) if made.log_all else ''}).sum(-1)",
        "drawn": f"(weights * {made.likelihood('', '.unsqueeze(1)', s.action)}).sum(1)",
        "data": f"weights * {made.likelihood('', '', s.action)}",
    }[s.kind]
    fit, text, lines, at = _FITS[made.fit](c, s)
    code = f"""# M-step: the maximum of sum w log pi_theta(a|s) itself
features = self.policy.trunk.read({states})
{rows}
{fit}
{apply(c, "", "policy", states)}
likelihood = {likelihood}
policy_cost = -valid_average(likelihood, valid)"""
    paths = c.present("pi_p.update", "pi_p.update.ridge", "network.policy.hidden", "network.policy.std")
    section = Section("M-step", paths, text, tuple(lines), c.source("pi_p.update"), (*at, "policy"))
    c.add("policy", code, "policy", "policy_cost", metrics=(("policy_loss", "policy_cost"),), sections=(section,))


Fit = tuple[str, str, list[str], list[str]]
_LEAST = "theta = weighted_least_squares(features, rows, counted, RIDGE)"


def _fit_softmax(c: Choices, s: Support) -> Fit:
    weighted = r"\sum_i w_i \log \pi_\theta(a_i|s_i)"
    if s.kind == "every":
        weighted = r"\sum_s \sum_a w_a \log \pi_\theta(a|s)"
    ridge = rf"\frac{{{c.tex('pi_p.update.ridge')}}}{{2}} \, \theta^\top \theta"
    line = rf"\theta = \arg \max_\theta \, \frac{{{weighted}}}{{\sum w}} - {ridge}"
    text = "The projection of $\\pi_q$ itself, by Newton's method to convergence."
    return f"policy = fit_softmax(features, rows, counted, {c.roles['policy'].now}, RIDGE)", text, [line], []


def _least_squares(c: Choices, s: Support, then: str, share: str, more: list[str]) -> tuple[str, list[str]]:
    weighted = (
        r"\sum_s \sum_m w_m \log \pi_\theta(a_m|s)" if s.kind == "drawn" else r"\sum_i w_i \log \pi_\theta(a_i|s_i)"
    )
    lines = [
        rf"\theta = \arg \max_\theta \, {weighted}",
        rf"\theta = (\Phi^\top W \Phi + {c.tex('pi_p.update.ridge')} \, I)^{{-1}} \Phi^\top W A, "
        rf"\quad W = \mathrm{{diag}}(v_i) / \sum_j v_j, \quad {share}",
    ]
    text = f"The projection of $\\pi_q$ in closed form: weighted least squares, {then}; the constant is not penalised."
    return text, lines + more


def _fit_mean(c: Choices, s: Support) -> Fit:
    text, lines = _least_squares(c, s, "with the covariance as it is", "v_i = w_i", [])
    return f"{_LEAST}\npolicy = theta.flatten(1)", text, lines, ["theta"]


def _fit_spread(c: Choices, s: Support, spread: str, square: str) -> Fit:
    code = f"""{_LEAST}
fitted = affine(features, theta[:, :-1], theta[:, -1])
spread = {spread}
policy = torch.cat([theta.flatten(1), spread], -1)"""
    line = rf"\Sigma = \frac{{\sum_i w_i \, {square}}}{{\sum_i w_i}}"
    text, lines = _least_squares(c, s, "then the weighted deviations", "v_i = w_i", [line])
    return code, text, lines, ["theta", "spread"]


def _fit_variance(c: Choices, s: Support) -> Fit:
    spread = "0.5 * torch.log(weighted_variance(rows, fitted, counted).clamp(min=1e-12))"
    return _fit_spread(c, s, spread, r"(a_i - \mu_i)^2")


def _fit_covariance(c: Choices, s: Support) -> Fit:
    spread = "cholesky_entries(weighted_covariance(rows, fitted, counted))"
    return _fit_spread(c, s, spread, r"(a_i - \mu_i)(a_i - \mu_i)^\top")


# Only the deviation of the action is seen, not that of each parameter.
_EXPLORATION = [
    r"\sigma_j^2 \leftarrow \frac{\sum_i w_i \, "
    r"(\mathbb{E}[\epsilon_j | \delta_i]^2 + \mathrm{Var}[\epsilon_j | \delta_i])}{\sum_i w_i}",
    r"\mathbb{E}[\epsilon_j | \delta] = \frac{\sigma_j^2 \, \phi_j \, \delta}{\sigma_\theta(s)^2}, "
    r"\quad \delta = a - \mu_\theta(s)",
    r"\mathrm{Var}[\epsilon_j | \delta] = \sigma_j^2 "
    r"\left( 1 - \frac{\sigma_j^2 \, \phi_j^2}{\sigma_\theta(s)^2} \right)",
]


def _fit_exploration(c: Choices, s: Support) -> Fit:
    code = f"""sigma, phi = self.policy.sigma({c.roles["policy"].now}), with_constant(features)
variance = affine(phi.square(), sigma.square(), torch.zeros_like(sigma[:, 0]))
theta = weighted_least_squares(features, rows, counted.unsqueeze(-1) / variance, RIDGE)
deviation = rows - affine(features, theta[:, :-1], theta[:, -1])
sigma = exploration_deviation(phi, deviation, sigma, counted).clamp(min=1e-6)
policy = torch.cat([theta.flatten(1), torch.log(sigma).flatten(1)], -1)"""
    then, share = (
        "and one step of expectation maximisation for the deviations",
        r"v_i = \frac{w_i}{\sigma_\theta(s_i)^2}",
    )
    text, lines = _least_squares(c, s, then, share, _EXPLORATION)
    return code, text, lines, ["theta", "sigma"]


_FITS: dict[str, Callable[[Choices, Support], Fit]] = {
    "softmax": _fit_softmax,
    "mean": _fit_mean,
    "variance": _fit_variance,
    "covariance": _fit_covariance,
    "exploration": _fit_exploration,
}


# ---- pi_p


def prior(c: Choices) -> None:
    """What the prior is."""
    text, lines, at, paths = prior_of(c).describe(c)
    source = c.source("pi_p") or f"{FURUTA}, Table 1"
    c.sections.append(Section("The prior", c.present(*paths), text, lines, source, at))


def cost(c: Choices) -> tuple[str, ...]:
    """What the lines define that compute the policy's loss, or what its solution reaches."""
    if facts.solved(c.row):
        return ("policy_cost",)
    return ("gain_and_divergence",) if facts.natural(c.row) else ("policy_loss",)


Description = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Prior:
    """What pi_p is, and what is left of KL(pi_q || pi_p) in the objective of a parametric pi_q."""

    divergence: str  # "old": against the older policy; "entropy": E[log pi_q], less what `describe` adds of log pi_p
    describe: Callable[[Choices], Description]  # adds what it adds; text, equations, the lines, the leaves
    acts: bool = False  # it is the policy that collects the data


def prior_of(c: Choices) -> Prior:
    """The prior of the row."""
    made: Prior = c.meaning("pi_p")
    return made


def _fixed(c: Choices) -> Description:
    return "Uniform, and never moved.", (r"\log \pi_p(a|s) = \mathrm{const}",), (), ("pi_p",)


def _policy(c: Choices) -> Description:
    paths = ("pi_p", "pi_p.update", "data", "target.policy")
    if c.has("pi_p.update", "mixture"):
        text = "The average of all policies so far, by the actions in the replay."
        return text, (r"\pi_p = \frac{1}{k} \sum_{j=0}^{k-1} \pi_{\theta_j}",), ("DATA",), paths
    if c.take(data).rollouts:
        text = "The policy that collected the round."
        if c.take(normalisation).group:
            text += " Its own probability of a sequence is divided out of the weights."
        old = set(c.take(family).all("old_"))
        at = ("DATA", *sorted(old & {name for block in c.blocks for name in block.writes}))
        return text, (rf"\pi_p = {OLD} = \pi_{{\theta_{{k-1}}}}",), at, paths
    if c.take(older).lagged:
        line = rf"\pi_p = {OLD} = \pi_{{\theta'}}"
        return "The lagged copy of the policy.", (line,), (c.roles["policy"].lag,), paths
    return "The policy as it stands before the update.", (r"\pi_p = \pi_{\theta_{k-1}}",), cost(c), paths


table(
    "pi_p",
    {
        "fixed": Prior("entropy", _fixed),
        "pi_theta": Prior("old", _policy, acts=True),
        "pi_q": Prior("old", _policy, acts=True),
    },
)


def after_round(c: Choices) -> tuple[str, str]:
    """What becomes of the prior between rounds, in words and in LaTeX; empty where it is no policy that acts."""
    if not c.take(data).rollouts or not prior_of(c).acts:
        return "", ""
    posterior = r"\pi_q^{(k)} = " if facts.kl_control(c.row) else ""
    follows = rf"\pi_p^{{(k+1)}} = {posterior}\pi_{{\theta_k}}"
    return " The next round's prior is the policy that this one leaves.", follows
