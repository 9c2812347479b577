"""pi_q.update under KL control: the ascent by a policy's action, by the ratio, or along the natural gradient."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.compiler.blocks.bounds import bounds
from taxon.compiler.blocks.critic import critic
from taxon.compiler.blocks.data import data, delay
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.metrics import Metrics, averaged, deviations, entropy
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.blocks.policy import OLD, apply, family, old_parameters, stored_action
from taxon.compiler.blocks.prior import prior_of
from taxon.compiler.blocks.roles import descend
from taxon.compiler.blocks.score import score_data, taken_score
from taxon.compiler.choices import Choices, choice
from taxon.compiler.notation import number as tex_number

_C = rf"C = \mathbb{{E}}_s \, \mathrm{{KL}}({OLD} \| \pi_\theta)"
_RHO = rf"\rho = \frac{{\pi_\theta(a|s)}}{{{OLD}(a|s)}}"


@dataclass(frozen=True)
class Divergence:
    """KL(pi_q || pi_p) as the objective has it."""

    kind: str  # "penalty", "old", "entropy" or "none"
    eta: str


def divergence(c: Choices) -> Divergence:
    """The divergence that the ascent weighs."""
    eta = c.take(temperature).value
    if c.has("pi_q.update", "penalty"):
        return Divergence("penalty", "state.eta")
    if not eta:
        return Divergence("none", "")
    return Divergence(prior_of(c).divergence, eta)


def ascend(c: Choices) -> None:
    """The ascent of the objective by a parametric pi_q."""
    c.meaning("pi_p.update")  # fixed, or what pi_q was before
    c.meaning("pi_q.update")(c)


@choice("pi_q.update", "sg")
def _sg(c: Choices) -> None:
    {"q": _by_action, "v": _by_ratio, "": _by_ratio}[c.take(critic).network](c)
    if c.has("pi_q.update", "penalty"):
        _penalty(c)
    if "bounds" in c.row:
        bounds(c)
    descend(c, "policy", "policy_loss", "policy_cost", "policy")


choice("pi_p.update", "fixed")(lambda c: None)


def _section(c: Choices, text: str, lines: list[str], source: str, *at: str) -> Section:
    leaves = ("G", "G.critic", "pi_p", "eta", "optimizer.policy", "optimizer.policy_every")
    text = f"{text} Descended by {optimiser(c, 'policy').words}."
    if c.take(delay) > 1:
        text += f" Once for every ${c.take(delay)}$ updates of the critic."
    paths = c.present("pi_q.update", "pi_q.update.clipped.ratio", *leaves)
    return Section("The ascent of the policy", paths, text, tuple(lines), source, (*at, "policy"))


def _with_penalty(line: str) -> str:
    head, comma, rest = line.partition(r", \quad ")
    return rf"{head} + \eta \, C{comma}{rest}"


def _add_penalty(c: Choices) -> None:
    """eta KL(pi_old || pi_theta), eta adapted after every round."""
    made = c.take(family)
    old_parameters(c)
    kl = made.write(made.need("kl", "`penalty`"))
    c.add(
        "policy",
        f"loss = loss + state.eta * average({kl})",
        "loss",
        within="policy",
        stage="divergence",
        doc=", and the divergence",
    )


# ---- through the action


def _by_action(c: Choices) -> None:
    """Through the action of the policy, or over all of them where they are finitely many."""
    made, q, weighed = c.take(family), c.take(critic), c.take(divergence)
    source = c.source("pi_q.update")
    if not made.sample:
        text = "$G$ is the critic at the policy's own action; the gradient runs through the action, the critic is held."
        line = rf"L(\theta) = -\mathbb{{E}}_s \, {q.scorer_tex}(s, \mu_\theta(s))"
        section = _section(c, text, [line], c.source("pi_theta") or source, "loss")
        code = f"{apply(c, '', 'policy', 'observation')}\nloss = -average(self.q({q.scorer}, observation, mean))"
        doc = "-E[Q(s, mu(s))]: no divergence, eta is 0"
        c.add("policy", code, "loss", *made.parameters, within="policy", doc=doc, sections=(section,))
        return
    if weighed.kind in ("old", "penalty"):
        old_parameters(c)
    body = _over_all(c) if made.log_all else _through_draw(c)
    ratio = {"old": rf"\log \frac{{\pi_\theta(a|s)}}{{{OLD}(a|s)}}", "entropy": r"\log \pi_\theta(a|s)"}
    term = c.take(temperature).times(ratio[weighed.kind]) if weighed.kind in ratio else ""
    inside = f"{term} - {q.scorer_tex}(s,a)" if term else f"-{q.scorer_tex}(s,a)"
    if made.log_all:
        lines = [rf"L(\theta) = \mathbb{{E}}_s \sum_a \pi_\theta(a|s) \left[ {inside} \right]"]
        text = "$G$ is the critic, which is held, at all actions, weighed by their probability."
    else:
        lines = [rf"L(\theta) = \mathbb{{E}}_{{s, \, \xi}} \left[ {inside} \right], \quad a = {made.drawn}"]
        text = "$G$ is the critic at an action of the policy; the gradient runs through the action, the critic is held."
    if weighed.kind == "penalty":
        lines = [_with_penalty(lines[0]), _C]
    objective = {"old": "G - eta log pi_q / pi_p", "entropy": "G - eta log pi_q", "none": "G", "penalty": "G"}[
        weighed.kind
    ]
    over = ", over all actions" if made.log_all else ", reparameterised"
    uniform = "; pi_p is uniform and drops out" if weighed.kind == "entropy" else ""
    section = _section(c, text, lines, source, "loss")
    noise = () if made.log_all else (("action", (c.take(data).steps, *made.noise_axes)),)
    c.add(
        "policy",
        f"{apply(c, '', 'policy', 'observation')}\n{body}",
        "loss",
        "log_prob",
        *made.parameters,
        *([] if made.log_all else ["action", *(["u"] if made.squash else [])]),
        within="policy",
        doc=f"-E[{objective}]{over}{uniform}",
        noise=noise,
        metrics=(("entropy", "-average(log_prob)"), *deviations(c)),
        sections=(section,),
    )
    if weighed.kind == "penalty":
        _add_penalty(c)


def _over_all(c: Choices) -> str:
    made, q, weighed = c.take(family), c.take(critic), c.take(divergence)
    old = made.write(made.log_all, "old_")
    loss = {
        "old": f"average({weighed.eta} * (log_prob - (probs * {old}).sum(-1)) - value)",
        "entropy": f"average({weighed.eta} * log_prob - value)",
        "none": "-average(value)",
        "penalty": "-average(value)",
    }[weighed.kind]
    return f"""log_probs = {made.write(made.log_all)}
probs = torch.exp(log_probs)
log_prob = (probs * log_probs).sum(-1)
value = (probs * self.q_all({q.scorer}, observation)).sum(-1)
loss = {loss}"""


def _through_draw(c: Choices) -> str:
    made, q, weighed = c.take(family), c.take(critic), c.take(divergence)
    made.need("pathwise", "a gradient that runs through the action")
    value = f"self.q({q.scorer}, observation, action)"
    draw = made.draw("", "", "noise.action", "u", "action")
    body = f"{draw}\nlog_prob = {made.log_density('', '', 'action', 'u')}\n"
    at = "u" if made.squash else "action"
    return (
        body
        + {
            "old": f"""# (tanh's Jacobian is the same for both and drops out)
divergence = {made.likelihood("", "", at)} - {made.likelihood("old_", "", at)}
loss = average({weighed.eta} * divergence - {value})""",
            "entropy": f"loss = average({weighed.eta} * log_prob - {value})",
            "none": f"loss = -average({value})",
            "penalty": f"loss = -average({value})",
        }[weighed.kind]
    )


# ---- by the likelihood ratio of the actions taken


def _old_log_prob(c: Choices) -> str:
    """The column of log pi_old at the actions taken; the name of what the likelihood is taken of."""
    made = c.take(family)
    old_parameters(c)
    action = "taken"
    if made.unsquash:
        action = "before_tanh"
        c.add("columns", f"before_tanh = {made.unsquash.format(x='taken')}", "before_tanh")
    c.add("columns", f"old_log_prob = {made.likelihood('old_', '', action)}", "old_log_prob")
    return stored_action(c)


def _by_ratio(c: Choices) -> None:
    made, weighed, clipped = c.take(family), c.take(divergence), c.has("pi_q.update", "clipped")
    score_data(c)
    score, action = c.take(taken_score).symbol, _old_log_prob(c)
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
        lines = [rf"L(\theta) = -\mathbb{{E}} \min(\rho \, G, \mathrm{{clip}}(\rho, {low}, {high}) \, G), \quad {_RHO}"]
    else:
        loss = f"surrogate({log_prob}, old_log_prob, {score})"
        lines = [rf"L(\theta) = -\mathbb{{E}}[\rho \, G], \quad {_RHO}"]
    text = f"The gradient is taken at the actions in the data, by their likelihood ratio; ${OLD}$ took them."
    text += " It earns nothing beyond the clip." if clipped else ""
    term, more, doc = _RATIO_TERMS[weighed.kind](c, weighed, action)
    if weighed.kind == "penalty":
        lines[0] = _with_penalty(lines[0])
    lines += more
    section = _section(c, text, lines, c.source("pi_q.update"), "loss", "old_log_prob")
    inside = "min(rho G, clip(rho, 1 - c, 1 + c) G)" if clipped else "rho G"
    c.add(
        "policy",
        f"{apply(c, '', 'policy', 'observation')}\n{log_prob} = {made.likelihood('', '', action)}\nloss = {loss}",
        "loss",
        log_prob,
        *made.parameters,
        within="policy",
        metrics=(*metrics, *(entropy(c) or _taken_entropy(c, log_prob, action)), *deviations(c)),
        doc=f"-E[{inside}], rho = pi_theta / pi_old at the action taken",
        sections=(section,),
    )
    if weighed.kind == "penalty":
        _add_penalty(c)
    elif term:
        doc = f", and the {doc}"
        c.add("policy", term, "loss", within="policy", stage="divergence", doc=doc)
    if c.take(temperature).entropy and made.jacobian:
        c.add("policy", f"log_prob = {log_prob} - {made.jacobian.format(x=action)}", "log_prob")


def _taken_entropy(c: Choices, log_prob: str, action: str, valid: str = "") -> Metrics:
    """The entropy by the density of the actions taken, where it has no closed form."""
    jacobian = c.take(family).jacobian
    density = f"{log_prob} - {jacobian.format(x=action)}" if jacobian else log_prob
    return (("entropy", f"-{averaged(density, valid)}"),)


Term = tuple[str, list[str], str]


def _no_term(c: Choices, weighed: Divergence, action: str) -> Term:
    return "", [], ""


def _penalty_term(c: Choices, weighed: Divergence, action: str) -> Term:
    return "", [_C], "divergence"


def _old_term(c: Choices, weighed: Divergence, action: str) -> Term:
    made = c.take(family)
    kl = made.need("kl", "the divergence from an older policy").format(o=made.names(), p=made.names("old_"))
    shown = c.take(temperature).times(rf"\mathbb{{E}}_s \, \mathrm{{KL}}(\pi_\theta \| {OLD})")
    return f"loss = loss + {c.take(temperature).average(kl)}", [r"L \leftarrow L + " + shown], "divergence"


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


_RATIO_TERMS = {"none": _no_term, "penalty": _penalty_term, "old": _old_term, "entropy": _entropy_term}


# ---- along the natural gradient


@choice("pi_q.update", "natural_gradient")
def _natural(c: Choices) -> None:
    made, path = c.take(family), "pi_q.update"
    score_data(c)
    score, action, now = c.take(taken_score).symbol, _old_log_prob(c), c.roles["policy"].now
    c.constant("DELTA", f"{path}.kl", "bound on KL(pi_p || pi_q) of a step")
    c.constant("DAMPING", f"{path}.damping", "added to the Fisher matrix")
    c.constant("CG_ITERATIONS", f"{path}.iterations", "of the conjugate gradients")
    c.constant("TRIES", f"{path}.tries", "step sizes of the line search")
    c.constant("SHRINK", f"{path}.shrink", "from one step size to the next")
    code = f"""
def gain_and_divergence(policy: Tensor) -> tuple[Tensor, Tensor]:
    \"\"\"E[rho G] at the actions taken, and E_s KL(pi_p || pi_theta): [S] each.\"\"\"
    {apply(c, "", "policy", "observation")}
    log_prob = {made.likelihood("", "", action)}
    gain = -surrogate(log_prob, old_log_prob, {score}, valid)
    return gain, valid_average({made.write(made.need("kl", "a natural gradient"))}, valid)

def gain(policy: Tensor) -> tuple[Tensor, Tensor]:
    value, _ = gain_and_divergence(policy)
    return value.sum(), value

def divergence(policy: Tensor) -> Tensor:
    return gain_and_divergence(policy)[1].sum()

def fisher(vector: Tensor) -> Tensor:
    \"\"\"The Fisher matrix is the divergence's Hessian at pi_p: its product with a vector [S, P], damped.\"\"\"
    return grad(lambda policy: (grad(divergence)(policy) * vector).sum())({now}) + DAMPING * vector

# theta + sqrt(2 delta / x.Fx) x with F x = gradient, then back until the bound holds and the gain does not fall
policy_gradient, (_, before) = grad_and_value(gain, has_aux=True)({now})
direction = conjugate_gradient(fisher, policy_gradient, CG_ITERATIONS)
step = natural_step(direction, fisher(direction), DELTA)
policy, fraction = line_search(gain_and_divergence, {now}, step, before, DELTA, SHRINK, TRIES)
policy_cost, kl = gain_and_divergence(policy)
policy_cost = -policy_cost
"""
    delta, damping, shrink = (c.tex(f"{path}.{leaf}") for leaf in ("kl", "damping", "shrink"))
    lines = (
        rf"L(\theta) = \mathbb{{E}}[\rho \, G], \quad {_RHO}",
        rf"C(\theta) = \mathbb{{E}}_s \, \mathrm{{KL}}({OLD} \| \pi_\theta) \leq {delta}",
        rf"F \, x = \nabla L, \quad F = \nabla^2 C + {damping} \, I",
        rf"\theta \leftarrow \theta + {shrink}^j \sqrt{{\frac{{2 \cdot {delta}}}{{x^\top F \, x + 10^{{-8}}}}}} \, x",
    )
    text = (
        f"$L$ is ascended. $x$ by ${c.tex(f'{path}.iterations')}$ iterations of conjugate gradients; "
        f"$j < {c.count(f'{path}.tries')}$ is the first at which the bound holds and $L$ is not lower than before, or "
        "there is no step."
    )
    paths = c.present(path, *(f"{path}.{leaf}" for leaf in ("kl", "damping", "iterations", "tries", "shrink")))
    at = ("gain_and_divergence", "fisher", "direction", "step", "policy")
    section = Section("The ascent of the policy", paths, text, lines, c.source(path), at)
    metrics = (
        ("policy_loss", "policy_cost"),
        ("policy_gradient", "row_norm(policy_gradient)"),
        ("kl", "kl"),
        ("step_fraction", "fraction"),
        *(entropy(c, "old_", "valid") or _taken_entropy(c, "old_log_prob", action, "valid")),
        *deviations(c, "old_"),
    )
    writes = ("policy", "policy_gradient", "policy_cost", "kl", "fraction", "gain_and_divergence")
    c.add("policy", code, *writes, metrics=metrics, sections=(section,))


# ---- the adaptive temperature


def _penalty(c: Choices) -> None:
    """eta grows where a round moved the policy further than the target, and shrinks where it moved it less."""
    made, path = c.take(family), "pi_q.update.penalty"
    old_parameters(c)
    c.constant("TARGET_KL", f"{path}.kl", "target of KL(pi_p || pi_q)")
    c.constant("KL_TOLERANCE", f"{path}.tolerance", "how far off the target eta stays, as a factor")
    c.constant("FACTOR", f"{path}.factor", "how fast eta adapts")
    c.constant("ETA_START", f"{path}.init", "eta at the start")
    c.field("eta", "[S]", "torch.full((len(generators),), float(ETA_START))")
    code = f"""{apply(c, "", c.roles["policy"].now, "observation")}
kl = valid_average({made.write(made.kl)}, valid)
eta = adapt_coefficient(state.eta, kl, TARGET_KL, KL_TOLERANCE, FACTOR)"""
    target, tolerance = c.value(f"{path}.kl"), c.value(f"{path}.tolerance")
    factor = c.tex(f"{path}.factor")
    high, low = (tex_number(float(f"{bound:.4g}")) for bound in (target * tolerance, target / tolerance))
    lines = (
        _C,
        rf"\eta \leftarrow {factor} \, \eta \quad \mathrm{{where}} \quad C > {high}",
        rf"\eta \leftarrow \eta / {factor} \quad \mathrm{{where}} \quad C < {low}",
    )
    text = (
        f"From ${c.tex(f'{path}.init')}$; after the epochs on a round $C$, over all of its states, is held "
        f"against its target ${c.tex(f'{path}.kl')}$ by a factor ${c.tex(f'{path}.tolerance')}$. "
        r"$\eta$ stays in $[10^{-8}, 10^8]$."
    )
    paths = ("pi_q.update", *(f"{path}.{leaf}" for leaf in ("kl", "init", "tolerance", "factor")))
    source = "Schulman et al. 2017, Section 4"
    section = Section("The adaptive temperature", paths, text, lines, source, ("kl", "eta"))
    c.add("penalty", code, "eta", "kl", metrics=(("kl", "kl"), ("eta", "eta")), sections=(section,))
