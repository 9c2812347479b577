"""bounds: what keeps the actions of an unbounded policy inside [-1, 1]."""

from __future__ import annotations

from taxon.compiler.block import Section
from taxon.compiler.blocks.data import counted, data
from taxon.compiler.blocks.multipliers import multiplier, softplus_words
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.blocks.policy import apply, family, fit_states
from taxon.compiler.blocks.posterior import Support
from taxon.compiler.choices import Choices, choice
from taxon.compiler.notation import mean, total


def bounds(c: Choices, s: Support | None = None) -> None:
    """What `bounds` adds to the policy's step; `s`: the support of an E-step beside it."""
    if "bounds" in c.row:
        c.meaning("bounds")(c, s)


@choice("bounds", "none")
def _none(c: Choices, s: Support | None) -> None:
    """The environment clips."""


@choice("bounds", "quadratic")
def _quadratic(c: Choices, s: Support | None) -> None:
    weight = c.constant("BOUNDS_WEIGHT", "bounds.weight", "of the squared distance to the box")
    line = (
        rf"L \leftarrow L + \frac{{{c.tex('bounds.weight')}}}{{2}} \, \mathbb{{E}}_s \sum_d \max(|\mu_d(s)| - 1, 0)^2"
    )
    text = "The squared distance of the mean to the box is added to the loss."
    section = _section(c, text, [line], "loss")
    moved = c.take(family).need("mean", "`bounds = quadratic`")
    code = f"loss = loss + {weight} * bound_loss({moved}{counted(c)})"
    c.add("policy", code, "loss", within="policy", stage="bounds", sections=(section,))


def _section(c: Choices, text: str, lines: list[str], *at: str) -> Section:
    paths = ("bounds", *(f"bounds.{leaf}" for leaf in ("weight", "kl", "init", "samples")), "optimizer.bounds")
    return Section("The bounds of the actions", c.present(*paths), text, tuple(lines), c.source("bounds"), at)


@choice("bounds", "penalty")
def _penalty(c: Choices, s: Support | None) -> None:
    """A second E-step whose G is minus the distance to the box."""
    drawn = s is not None and s.kind == "drawn"
    count = s.samples if s is not None and drawn else c.count("bounds.samples")
    weight = rf"\frac{{\exp(c(a_m) / \eta_c)}}{{{total('j', count)} \exp(c(a_j) / \eta_c)}}"
    lines = [r"c(a) = -\sqrt{\sum_d (a_d - \mathrm{clip}(a_d, -1, 1))^2}"]
    average = rf"{mean('m', count)} \exp(c(a_m) / \eta_c)"
    dual = rf"g(\eta_c) = {c.tex('bounds.kl')} \, \eta_c + \eta_c \, \mathbb{{E}}_s \log\left( {average} \right)"
    words = f"; its dual is descended by {optimiser(c, 'bounds').words}, with $\\eta_c$ "
    words += f"{softplus_words(c.value('bounds.init'))}."
    made = c.take(family)
    if drawn:
        text = "A second E-step at the same actions, scored by minus the distance to the box, adds its weights"
        lines += [rf"w_m \leftarrow w_m + {weight}", dual]
        code = """
# bounds: a second E-step on minus the distance to the box adds its weights
cost = out_of_bounds_cost(action)
weights = weights + softmax_weights(cost, bounds_eta, dim=1)"""
        section = _section(c, text + words, lines, "cost", "weights", "bounds_raw")
        c.add("policy", code, "weights", "cost", stage="bounds", sections=(section,))
    else:
        text = f"A second E-step at ${count}$ actions of the policy, scored by minus the distance to the box, is added"
        added = rf"\mathbb{{E}}_s {total('m', count)} v_m \log \pi_\theta(a_m|s), \quad v_m = {weight}"
        lines += [rf"L \leftarrow L - {added}", dual]
        sample = made.write(made.need("sample", "`bounds = penalty`"), "bounds_", ".unsqueeze(1)", noise="noise.bounds")
        code = f"""
# bounds: a second E-step at {count} actions of the policy, G = minus the distance to the box
{apply(c, "bounds_", c.roles["policy"].now, fit_states(c))}
bounds_action = {sample}
cost = out_of_bounds_cost(bounds_action)
bounds_weights = softmax_weights(cost, bounds_eta, dim=1)"""
        noise = (("bounds", (str(count), c.take(data).steps, *made.noise_axes)),)
        c.add("policy", code, "bounds_action", "cost", "bounds_weights", noise=noise)
        section = _section(c, text + words, lines, "cost", "bounds_weights", "loss", "bounds_raw")
        likelihood = made.likelihood("", ".unsqueeze(1)", "bounds_action")
        loss = f"weighted_likelihood(bounds_weights, bounds_log_prob{counted(c)})"
        code = f"bounds_log_prob = {likelihood}\nloss = loss + {loss}"
        c.add("policy", code, "loss", within="policy", stage="bounds", sections=(section,))
    epsilon = c.constant("EPSILON_BOUNDS", "bounds.kl", "epsilon of the penalty's dual")
    multiplier(
        c,
        "bounds_raw",
        "bounds_eta",
        c.value("bounds.init"),
        f"temperature_dual(cost, bounds_eta, {epsilon}, dim=1{counted(c)})",
        "bounds_eta: dual of the penalty, eta_c epsilon + eta_c E_s log E exp(c/eta_c)",
        kind="bounds",
    )
