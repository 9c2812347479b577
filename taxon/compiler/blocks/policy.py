"""pi_theta and exploration: the policy's distribution, how it acts, and which older policy there is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from taxon.compiler.block import ContractError, Section
from taxon.compiler.blocks.data import data
from taxon.compiler.blocks.network import input_, perceptron
from taxon.compiler.blocks.roles import applied, enlist
from taxon.compiler.choices import NUMBER, Choices, choice, table
from taxon.compiler.families.beta import beta
from taxon.compiler.families.categorical import categorical
from taxon.compiler.families.deterministic import deterministic
from taxon.compiler.families.family import Family, squashed
from taxon.compiler.families.mixture import mixture
from taxon.compiler.families.normal import full_normal, normal
from taxon.compiler.literals import number
from taxon.compiler.roles import Role
from taxon.taxonomy.axes import facts
from taxon.taxonomy.properties import CAPABILITIES
from taxon.taxonomy.schema import Composition

OLD = r"\pi_{\mathrm{old}}"


def family(c: Choices) -> Family:
    """The distribution of the policy."""
    made: Family = c.meaning("pi_theta")(c)
    for name in CAPABILITIES:
        # What a bounded mean adds to an unsquashed policy's box is no capability of its distribution.
        if (name in made.capabilities) != facts.can(c.row, name) and name != "box":
            side = "its family alone" if name in made.capabilities else "its choice alone"
            raise ContractError(f"{facts.distribution(c.row)} has the capability `{name}` by {side}")
    if made.interval and not facts.solved(c.row):
        what = r"the diagonal of $L_\theta$" if "scale" in made.parameters else r"$\sigma_\theta$"
        held = f"held in $[{c.tex('network.policy.std.low')}, {c.tex('network.policy.std.high')}]$ after each step"
        made = replace(made, text=f"{made.text} The logarithm of {what} is a trained vector, {held}.")
    if "network.policy.mean" in c.row and c.meaning("network.policy.mean"):
        made = replace(made, text=f"{made.text} $\\mu_\\theta(s)$ is the tanh of the network's output.")
    return made


def build(c: Choices) -> None:
    """The policy's network and parameters."""
    made = c.take(family)
    trunk = perceptron(c, "policy", c.take(input_).size, made.outputs)
    role = Role(
        "policy",
        f"trunk = {trunk}\nself.policy = {made.head.format(trunk='trunk')}",
        r"\theta",
        "policy" if facts.descends(c.row) else "",
        made.apply,
        lagged=c.take(older).lagged,
    )
    enlist(c, role)
    if made.interval and not facts.solved(c.row):
        held = role.put(f"self.policy.project({role.new}, {', '.join(made.interval)})")
        c.add("policy", f"policy = {held}", "policy", stage="project")
    chain = ["pi_theta"]
    while f"{chain[-1]}.base" in c.row:
        chain.append(f"{chain[-1]}.base")
    numbers = (path for path in c.below("pi_theta") if not isinstance(c.row[path], Composition))
    leaves = (*numbers, *(f"{path}.cov" for path in chain))
    c.sections.append(
        Section(
            "The policy",
            c.present(*chain, *leaves, "network.policy.std"),
            made.text,
            made.equations,
            c.source(*chain, "network.policy.std"),
            ("self.policy",),
        )
    )


# ---- pi_theta

table("network.policy.mean", {"linear": "", "tanh": ", mean=torch.tanh"})
table("pi_theta.logits", {"logits(s)": ""})
table("pi_theta.alpha", {"alpha(s)": ""})
table("pi_theta.beta", {"beta(s)": ""})
for _path in ("pi_theta", "pi_theta.base", "pi_theta.base.base"):
    table(f"{_path}.mean", {"mean(s)": ""})


@choice("pi_theta", "softmax")
def _softmax(c: Choices) -> Family:
    c.meaning("pi_theta.logits")
    return categorical()


@choice("pi_theta", "mean(s)")
def _deterministic(c: Choices) -> Family:
    behind = c.meaning("network.policy.mean")
    return deterministic("Deterministic({trunk})" if behind else "Deterministic({trunk}, mean=identity)", bool(behind))


@choice("pi_theta", "tanh")
def _tanh(c: Choices) -> Family:
    base: Family = c.meaning("pi_theta.base")(c, "pi_theta.base")
    return squashed(base)


@choice("pi_theta", "beta")
def _beta(c: Choices) -> Family:
    c.meaning("pi_theta.alpha")
    c.meaning("pi_theta.beta")
    return beta()


@choice("pi_theta", "mixture")
def _plain_mixture(c: Choices) -> Family:
    return _mixture(c, "pi_theta")


@choice("pi_theta.base", "mixture")
def _mixture(c: Choices, path: str) -> Family:
    base: Family = c.meaning(f"{path}.base")(c, f"{path}.base")
    return mixture(c.literal(f"{path}.components"), base)


@choice("pi_theta", "normal")
def _plain_normal(c: Choices) -> Family:
    return _normal(c, "pi_theta")


@choice("pi_theta.base.base", "normal")
@choice("pi_theta.base", "normal")
def _normal(c: Choices, path: str) -> Family:
    c.meaning(f"{path}.mean")
    made: Family = c.meaning(f"{path}.cov")(c, path)
    return made


@choice("pi_theta.base.base.cov", NUMBER)
@choice("pi_theta.base.cov", NUMBER)
@choice("pi_theta.cov", NUMBER)
def _constant(c: Choices, path: str) -> Family:
    std = number(math.sqrt(c.value(f"{path}.cov")))
    head = f"FixedNormal({{trunk}}, std={std}{c.meaning('network.policy.mean')})"
    return normal(head, "action", rf"{c.tex(f'{path}.cov')} \, I", False, "mean")


@choice("pi_theta.base.base.cov", "cov")
@choice("pi_theta.base.cov", "cov")
@choice("pi_theta.cov", "cov")
def _vector(c: Choices, path: str) -> Family:
    made: Family = c.meaning(f"{path}.structure")(c, path, "StateIndependent", "")
    return made


@choice("pi_theta.base.base.cov", "cov(s)")
@choice("pi_theta.base.cov", "cov(s)")
@choice("pi_theta.cov", "cov(s)")
def _of_state(c: Choices, path: str) -> Family:
    made: Family = c.meaning(f"{path}.structure")(c, path, "StateDependent", "(s)")
    return made


@choice("pi_theta.base.base.structure", "diagonal")
@choice("pi_theta.base.structure", "diagonal")
@choice("pi_theta.structure", "diagonal")
def _diagonal(c: Choices, path: str, kind: str, of: str) -> Family:
    std, special, interval = c.meaning("network.policy.std")(c)
    covariance = rf"\mathrm{{diag}}(\sigma_\theta{of}^2)"
    if special:
        made = normal(f"ParameterNormal({{trunk}}, initial={special})", "action", covariance, True, "exploration")
        line = r"\sigma_\theta(s)^2 = \sum_j \sigma_j^2 \, \phi_j(s)^2"
        text = "A mean that is linear in features $\\phi$, each of whose parameters is perturbed."
        return replace(made, equations=(*made.equations, line), text=text)
    start = "" if of else ", initial=0.0"
    head = f"{kind}Normal({{trunk}}, {std}{start}{c.meaning('network.policy.mean')})"
    made = normal(head, "2 * action" if of else "action", covariance, True, "variance")
    return made if of else replace(made, interval=interval)


@choice("pi_theta.base.base.structure", "full")
@choice("pi_theta.base.structure", "full")
@choice("pi_theta.structure", "full")
def _full(c: Choices, path: str, kind: str, of: str) -> Family:
    std, _, interval = c.meaning("network.policy.std")(c)
    sizes = ", actions=action" if of else ", initial=0.0"
    head = f"{kind}Full({{trunk}}, {std}{sizes}{c.meaning('network.policy.mean')})"
    outputs = "action + action * (action + 1) // 2" if of else "action"
    made = full_normal(head, outputs, rf"L_\theta{of} \, L_\theta{of}^\top", "covariance")
    return made if of else replace(made, interval=interval)


# What computes the deviation, the start of perturbed parameters, and the interval of a log-deviation.
Deviation = tuple[str, str, tuple[str, ...]]


@choice("network.policy.std", "exp")
def _exp(c: Choices) -> Deviation:
    interval = tuple(c.literal(f"network.policy.std.{bound}") for bound in ("low", "high"))
    return f"exp_std({', '.join(interval)})", "", interval


@choice("network.policy.std", "softplus")
def _softplus(c: Choices) -> Deviation:
    return f"softplus_std({c.literal('network.policy.std.init')}, {c.literal('network.policy.std.floor')})", "", ()


@choice("network.policy.std", "softplus_variance")
def _softplus_variance(c: Choices) -> Deviation:
    return "softplus_variance()", "", ()


@choice("network.policy.std", "exploration")
def _exploration(c: Choices) -> Deviation:
    return "", c.literal("network.policy.std.init"), ()


# ---- the policy at states


@dataclass(frozen=True)
class Older:
    """The policy that actions are drawn from, or held close to."""

    lagged: bool
    tex: str

    def equation(self, c: Choices) -> str:
        """The older policy in LaTeX where draws count: the one that acted, or the lagged copy."""
        return OLD if self.lagged or c.take(data).rollouts else r"\pi_\theta"


def older(c: Choices) -> Older:
    lagged = c.yes("target.policy")
    return Older(lagged, OLD if lagged else r"\pi_\theta")


def apply(c: Choices, prefix: str, policy: str, states: str) -> str:
    """The line that names the parameters of a policy at some states."""
    return f"{c.take(family).names(prefix)} = {at(c, policy, states)}"


def at(c: Choices, policy: str, states: str) -> str:
    """The parameters of a policy at some states."""
    return applied(c, "policy", policy, states)


def fit_states(c: Choices) -> str:
    """The states at which the policy is fitted."""
    if "pi_q.update.states" not in c.row:
        return "observation"
    states: str = c.meaning("pi_q.update.states")
    return states


table("pi_q.update.states", {"next": "next_observation", "current": "observation"})


def old_parameters(c: Choices) -> None:
    """The old policy at the states of the fit, wherever it is read; on rollouts a column, of the policy that acted."""
    made, states = c.take(family), fit_states(c)
    if any(set(made.all("old_")) & set(block.writes) for block in c.blocks):
        return  # the draw that the target and the E-step share has named them
    part = "columns" if c.take(data).rollouts else "policy"
    c.add(part, apply(c, "old_", c.roles["policy"].late, states), *made.all("old_"), anywhere=True)


def stored_action(c: Choices) -> str:
    """The name of what the likelihood is taken of: the stored action, before tanh where the policy squashes."""
    made = c.take(family)
    if not made.unsquash:
        return "taken"
    code = "# before tanh: its Jacobian has no parameters, so it drops out\naction = " + made.unsquash.format(x="taken")
    c.add("policy", code, "action", anywhere=True)
    return "action"


# ---- acting


def acting(c: Choices) -> None:
    """Draws, the action of an evaluation, and uniform actions; `seen_raw` is the observation that they are given."""
    made = c.take(family)
    line = apply(c, "", c.roles["policy"].now, c.take(input_).seen("seen_raw"))
    if "exploration" in c.row:
        code, text, equations, at_ = c.meaning("exploration")(c)
        evaluation = " Evaluation takes it without noise."
    else:
        code, text = made.draw("", "", "noise", "u", "action"), "The policy's own draw."
        equations, at_ = (r"a \sim \pi_\theta(\cdot|s)",), ("action",)
        evaluation = f" Evaluation takes the {made.evaluated}."
    if not made.box and ("bounds" not in c.row or c.base("bounds") == "none"):
        text += " Nothing but the environment keeps it inside the box."
    paths = ("pi_theta", "exploration", "exploration.std", "exploration.theta", "exploration.sigma", "bounds")
    source = c.source("exploration") or c.source("pi_theta")
    section = Section("Acting", c.present(*paths), text + evaluation, equations, source, (*at_, "act_mean"))
    kept = tuple(each.name for each in c.memory if each.name in at_)
    c.add("act", f"{line}\n{code}", "action", *made.parameters, *kept, sections=(section,))
    if made.log_prob:
        density = f"log_prob = {made.log_density('', '', 'action', 'u')}"
        if made.unsquash:
            why = (
                "# the density of the action as it is stored: what is read of it later is the same of the same number\n"
            )
            density = f"{why}u = {made.unsquash.format(x='action')}\n{density}"
        c.add("density", density, "log_prob", anywhere=True)
    called = line.partition(" = ")[2]
    if made.mode.count("{p}"):
        code = f"action = {made.mode.format(p=called)}"
    else:
        alone = made.mode.strip("{}")
        read = {name: "action" if name == alone else name for name in made.parameters if f"{{{name}}}" in made.mode}
        code = f"{', '.join(read.get(name, '_') for name in made.parameters)} = {called}"
        if alone not in read:
            code += f"\naction = {made.write(made.mode)}"
    c.add("act_mean", code, "action")


@choice("exploration", "none")
def _quiet(c: Choices) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    return "action = mean", "The policy's action as it is.", (r"a = \mu_\theta(s)",), ("action",)


@choice("exploration", "gaussian")
def _gaussian(c: Choices) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    std = c.constant("EXPLORATION_STD", "exploration.std", "deviation of the exploration noise")
    line = rf"a = \mathrm{{clip}}(\mu_\theta(s) + {c.tex('exploration.std')} \, \xi, -1, 1)"
    return f"action = perturbed(mean, noise, {std})", "Noise on the policy's action.", (line,), ("action",)


@choice("exploration", "ornstein_uhlenbeck")
def _ornstein_uhlenbeck(c: Choices) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    c.constant("EXPLORATION_THETA", "exploration.theta", "pull of the exploration noise towards 0")
    c.constant("EXPLORATION_SIGMA", "exploration.sigma", "deviation of a step of the exploration noise")
    c.remember("exploration", "A", "torch.zeros(seeds, environments, self.actions, device=device)")
    code = """
exploration = ornstein_uhlenbeck(memory.exploration, noise, EXPLORATION_THETA, EXPLORATION_SIGMA)
action = perturbed(mean, exploration, 1.0)
"""
    theta, sigma = c.tex("exploration.theta"), c.tex("exploration.sigma")
    lines = (rf"x \leftarrow x - {theta} \, x + {sigma} \, \xi", r"a = \mathrm{clip}(\mu_\theta(s) + x, -1, 1)")
    text = "Noise with memory on the policy's action, from 0 at the start of every episode."
    return code, text, lines, ("exploration", "action")
