"""pi_q.update under EM control: the support, its score, its weights, and what finds the temperature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.compiler.blocks.critic import FURUTA, critic, score_of
from taxon.compiler.blocks.data import counted, data, whole
from taxon.compiler.blocks.estimate import estimate, shares_draw
from taxon.compiler.blocks.eta import Dual, temperature
from taxon.compiler.blocks.metrics import Metrics
from taxon.compiler.blocks.policy import apply, family, fit_states, old_parameters, older, stored_action
from taxon.compiler.blocks.score import score_data, taken_score
from taxon.compiler.blocks.weights import clip, kept, normalisation, on_data, weight_function
from taxon.compiler.choices import Choices
from taxon.compiler.notation import fill, mean, total
from taxon.taxonomy.axes import facts


@dataclass(frozen=True)
class Support:
    """Where pi_q puts its weights."""

    kind: str  # `every` action, actions `drawn` at a state, those in the `data`, or whole `sequences` of them
    action: str  # the symbol of the actions, before squashing
    samples: int
    column: bool = False  # the weights are computed of all data at once

    @property
    def axis(self) -> str:
        """What gives the policy's parameters the axis of the draws."""
        return ".unsqueeze(1)" if self.kind == "drawn" else ""


def support(c: Choices) -> Support:
    """The support of the row, and the blocks that score and weigh it."""
    if c.take(normalisation).group:
        made = Support("sequences", stored_action(c), 0)
    elif facts.data_support(c.row):
        logs, phased = bool(score_of(c).logarithm), c.take(data).phased
        column = c.take(critic).solved or (logs and c.take(critic).network == "" and phased)
        made = Support("data", stored_action(c), 0, column)
    elif c.take(family).log_all:
        made = Support("every", "", 0)
    else:
        made = Support("drawn", "action", c.count("pi_q.update.samples"))
    _SUPPORTS[made.kind](c, made)
    return made


def _old(c: Choices) -> str:
    lagged = c.take(older).lagged or c.take(data).rollouts
    return "old " if lagged else ""


def _every(c: Choices, s: Support) -> None:
    """All actions, weighed by the old policy."""
    found, states, made = c.take(critic), fit_states(c), c.take(family)
    if shares_draw(c):
        code = "# E-step: all actions and the values of the target again, w = pi_old f(Q) / Z(s)\n"
        c.add("policy", code + "log_prior, score = next_log_probs, next_q", "log_prior", "score")
        c.add("policy", f"{made.all('old_')[0]} = log_prior", *made.all("old_"), anywhere=True)
    else:
        old_parameters(c)
        code = f"""# E-step: all actions, weighed by the {_old(c)}policy, w = pi_old f(Q) / Z(s)
log_prior = {made.write(made.log_all, "old_")}
score = self.q_all({found.scorer}, {states})"""
        c.add("policy", code, "log_prior", "score")
    where = "s'" if states == "next_observation" else "s"
    line = f"G(s,a) = {found.scorer_tex}(s,a)"
    _score_section(c, f"The critic's value of every action at ${where}$.", line, "score")
    old = c.take(older).equation(c)
    log_mean = rf"\mathbb{{E}}_s \log\left( \sum_a {old}(a|s) \exp(G(s,a) / \eta) \right)"
    states = counted(c)
    dual, solution = (
        f"categorical_dual(log_prior, score, eta, EPSILON{states})",
        f"categorical_solved_temperature(log_prior, score, EPSILON{states})",
    )
    _temperature(c, Dual(dual, solution, log_mean, True))
    weights = c.take(weight_function).every.format(eta=c.take(temperature).value)
    _weigh(c, s, weights, f"categorical_weights_kl(weights, log_prior{states})", "All actions, weighed by the prior.")


def _drawn(c: Choices, s: Support) -> None:
    """Actions of the old policy."""
    found, states, made = c.take(critic), fit_states(c), c.take(family)
    tanh = ""
    if made.squash:
        tanh = (
            "# (the actions before tanh: its Jacobian has no parameters and drops out of the likelihood's gradient)\n"
        )
    if shares_draw(c):
        drawn = "next_u" if made.squash else "next_action"
        code = f"""# E-step: the actions and values of the target serve again, w = f(Q) / Z(s)
{tanh}action, score = {drawn}, next_q"""
        c.add("policy", code, "action", "score")
        moments = f"{made.names('old_')} = {made.names('next_')}"
        c.add("policy", moments, *made.all("old_"), anywhere=True)
    else:
        old_parameters(c)
        sample = made.write(made.need("sample", "the E-step"), "old_", ".unsqueeze(1)", noise="noise.action")
        taken = f"{made.squash}(action)" if made.squash else "action"
        code = f"""# E-step: {s.samples} actions of the {_old(c)}policy, w = f(Q) / Z(s)
{tanh}action = {sample}
score = self.q({found.scorer}, {states}, {taken})"""
        noise = (("action", (str(s.samples), c.take(data).steps, *made.noise_axes)),)
        c.add("policy", code, "action", "score", noise=noise)
    where = "s'" if states == "next_observation" else "s"
    _score_section(c, f"The critic's value at the states ${where}$.", f"G(s,a) = {found.scorer_tex}(s,a)", "score")
    log_mean = rf"\mathbb{{E}}_s \log\left( {mean('m', s.samples)} \exp(G(s, a_m) / \eta) \right)"
    states = counted(c)
    dual, solution = (
        f"temperature_dual(score, eta, EPSILON, dim=1{states})",
        f"solved_temperature(score, EPSILON, dim=1{states})",
    )
    _temperature(c, Dual(dual, solution, log_mean, True))
    weights = c.take(weight_function).drawn.format(eta=c.take(temperature).value)
    text = "Actions drawn from the prior, which is in the draw already."
    _weigh(c, s, weights, f"weights_kl(weights, dim=1{states})", text)


def _score_section(c: Choices, text: str, line: str, at: str) -> None:
    paths = c.present("G", "G.critic", "G.fit", "G.estimate")
    c.sections.append(Section("The score G", paths, text, (line,), c.source("G") or f"{FURUTA}, Section 4.2", (at,)))


def _temperature(c: Choices, dual: Dual) -> None:
    """What finds eta, where it is found by the bound on the E-step of a critic that is fitted by itself."""
    eta = c.take(temperature)
    if eta.found is not None and not c.take(critic).solved:
        eta.found(c, dual)


def _divergence(c: Choices, kl: str) -> tuple[str, Metrics]:
    """How far the weights are from pi_p, where that has a bound; and what is logged of the E-step."""
    scores = (("score_min", "seed_least(score)"), ("score_max", "seed_largest(score)"))
    if not c.take(temperature).bound:
        return "", scores
    return f"\nkl_q = {kl}", (("kl_q_rel", "kl_q / EPSILON"), *scores)


def _weigh(c: Choices, s: Support, weights: str, kl: str, text: str) -> None:
    """The weights of the actions of a state, and their divergence from the prior."""
    f, eta = c.take(weight_function), c.take(temperature)
    every = s.kind == "every"
    index, mine = ("b", "a") if every else ("j", "m")
    old = c.take(older).equation(c)
    prior = {mine: rf"{old}(a|s) \, ", index: rf"{old}(b|s) \, "} if every else {mine: "", index: ""}
    at = {mine: f"G(s,{mine})", index: f"G(s,{index})"} if every else {mine: "G(s, a_m)", index: "G(s, a_j)"}
    if not f.temperature and not score_of(c).logarithm:
        text += " The policy's mean value is subtracted first."
        at = {which: rf"{g} - \mathbb{{E}}_{{c}} G(s,c)" for which, g in at.items()}
    elif f.shifted:
        text += " The least value of a state is subtracted first."
        at = {which: rf"({g} - \min_c G(s,c))" for which, g in at.items()}
    line = fill(
        r"w_@mine = \frac{@prior@value}{@total @priors@values}",
        mine=mine,
        prior=prior[mine],
        value=f.tex(at[mine], eta.tex),
        total=rf"\sum_{index}" if every else total(index, s.samples),
        priors=prior[index],
        values=f.tex(at[index], eta.tex),
    )
    more, metrics = _divergence(c, kl)
    sections = (_weights_section(c, text, [line], "weights"),)
    c.add("policy", f"weights = {weights}{more}", "weights", metrics=metrics, sections=sections)
    _e_step_section(c, s, "weights")


def _weights_section(c: Choices, text: str, lines: list[str], *at: str) -> Section:
    path = "pi_q.update"
    if c.take(clip):
        lines.append(rf"w \leftarrow \min(w, {c.tex(f'{path}.clip')})")
    leaves = (*c.below(f"{path}.f"), *(f"{path}.{leaf}" for leaf in ("samples", "normalise", "keep", "clip")))
    source = c.source(path, f"{path}.f", f"{path}.normalise", f"{path}.keep", "G.transform")
    return Section("The weights", c.present(path, *leaves, "G.transform", "eta"), text, tuple(lines), source, at)


def _e_step_section(c: Choices, s: Support, at: str) -> None:
    """The closed form of the maximum over pi_q."""
    eta, logarithm = c.take(temperature), score_of(c).logarithm
    over = "Z(s)" if s.kind in ("every", "drawn") else "Z"
    posterior = rf"\pi_q(a|s) = \frac{{1}}{{{over}}} \, \pi_p(a|s) \, "
    text = "The closed form of the maximum over $\\pi_q$."
    if s.kind == "sequences":
        posterior, factor = r"\pi_q(a) \propto ", rf"\exp({eta.slashed('R')})"
        text = "The closed form over sequences of actions that began alike."
    elif logarithm:
        factor = logarithmic(c)
    elif c.take(weight_function).temperature:
        factor = rf"\exp\left({eta.over('G(s,a)')}\right)"
    else:
        factor = c.take(weight_function).tex("G(s,a)", "")
    text += {
        "every": " Its support is every action.",
        "drawn": f" Its support is ${s.samples}$ actions of $\\pi_p$ at each state.",
        "sequences": "",
        "data": " Its support is the actions in the data, over which $Z$ is summed.",
    }[s.kind]
    if s.kind == "data" and not c.take(normalisation).batch:
        text = text.replace(", over which $Z$ is summed.", ", and $Z = 1$.")
    path = "pi_q.update"
    paths = c.present("pi_q", path, *(f"{path}.{leaf}" for leaf in ("f", "samples", "normalise")))
    source = c.source("pi_q", path) or f"{FURUTA}, Eq. 2"
    c.sections.append(Section("E-step", paths, text, (posterior + factor,), source, (at,)))


def logarithmic(c: Choices) -> str:
    """What G is the logarithm of: the reward, the return, or the critic."""
    what = score_of(c).logarithm
    return "R(s,a)" if score_of(c).network == "" and c.take(estimate).kind == "return" else what


# ---- the actions in the data


def _data(c: Choices, s: Support) -> None:
    """The actions in the data, weighed in a batch or on all of them at once."""
    score_data(c)
    found, eta = c.take(critic), c.take(temperature)
    where = _symbol(c)
    if s.column:
        _column(c, s)
        return
    if where != "score":
        what = "advantages" if found.network == "v" else "returns"
        code = f"# E-step: the actions in the data and their {what}, w = f(G) / Z\nscore = {where}"
        c.add("policy", code, "score")
    half = c.take(kept)
    valid = c.take(whole)
    if half:
        c.add("policy", f"kept = top_half(score{', valid' if valid else ''})", "kept")
    mask = ", mask=kept" if half else ", mask=valid" if valid else ""
    batch = c.take(data).batch
    log_mean = rf"\log\left( {mean('i', batch)} \exp(G_i / \eta) \right)"
    if half:
        log_mean = r"\log\left( \frac{1}{|K|} \sum_{i \in K} \exp(G_i / \eta) \right)"
    dual = f"temperature_dual(score, eta, EPSILON, dim=-1{mask})"
    _temperature(c, Dual(dual, f"solved_temperature(score, EPSILON, dim=-1{mask})", log_mean, False))
    text, lines, at = _data_equations(c, half, batch)
    more, metrics = _divergence(c, f"weights_kl(weights, dim=-1{mask})")
    code, sections = (
        f"weights = {on_data(c, eta.value, False)}{more}",
        (_weights_section(c, text, lines, *at, "weights"),),
    )
    c.add("policy", code, "weights", metrics=metrics, sections=sections)
    _e_step_section(c, s, "weights")


def _symbol(c: Choices) -> str:
    return c.take(taken_score).symbol


def _mean_one(batch: str) -> str:
    return rf"w_i \leftarrow {batch} \, \frac{{w_i}}{{{total('j', batch)} w_j}}"


def _data_equations(c: Choices, half: bool, batch: str) -> tuple[str, list[str], list[str]]:
    f, eta, normalised = c.take(weight_function), c.take(temperature), c.take(normalisation).batch
    at = ["kept"] if half else []
    if score_of(c).logarithm:
        line = r"w_i = G_i - \min_j G_j" if f.shifted else "w_i = G_i"
        return f.words, [line, *([_mean_one(batch)] if normalised else [])], at
    keep = r"\mathbf{1}[i \in K] \, " if half else ""
    text = "$K$ is the half of the minibatch with the larger $G$. " if half else ""
    if not f.temperature:
        lines = [rf"w_i = {keep}{f.tex('G_i', '')}"]
        return text + f.words, lines + ([_mean_one(batch)] if normalised else []), at
    mine, others = f.tex("G_i", eta.tex), f.tex("G_j", eta.tex)
    if normalised:
        over = r"\sum_{j \in K}" if half else total("j", batch)
        line = rf"w_i = {batch} \, \frac{{{keep}{mine}}}{{{over} {others}}}"
        return f"{text}$Z$ is the minibatch's mean, so the weights' mean is 1.", [line], at
    return f"{text}$Z = 1$.", [rf"w_i = {keep}{mine}"], at


def _column(c: Choices, s: Support) -> None:
    """Weights of all data at once, before any minibatch is drawn."""
    batch = c.take(data).batch
    if c.take(critic).solved:
        code = "# E-step over all of them: w = n exp(A / eta) / Z\nweight = batch_weights(advantage, eta, mask=valid)"
        text = "Over all $n$ steps of the round at once: their mean is 1."
        lines = [r"w_i = n \, \frac{\exp(G_i / \eta)}{\sum_{j=1}^{n} \exp(G_j / \eta)}"]
        weights, at = on_solved(c), ["weight"]
    else:
        f, at = c.take(weight_function), ["weight"]
        code, weights, text = f"weight = {f.column}", on_data(c, "", True), f.words
        lines = [r"w_i = G_i - \min_j G_j"] if f.shifted else ["w_i = G_i"]
        if f.follows is not None:
            lines, at = f.follows(c), ["weight", "beta"]
            init, limit = (c.tex(f"G.transform.{leaf}") for leaf in ("init", "limit"))
            text = text.replace("{init}", init).replace("{limit}", limit)
        if c.take(normalisation).batch:
            lines.append(_mean_one(batch))
    c.add("columns", code, "weight")
    comment = "# E-step: the actions in the data, weighed on all of them at once\n"
    sections = (_weights_section(c, text, lines, *at, "weights"),)
    c.add("policy", f"{comment}weights = {weights}", "weights", sections=sections)
    _e_step_section(c, s, "weights")


def on_solved(c: Choices) -> str:
    """The weights of a solved dual come as they are, whatever normalises them in a batch; they may be clipped."""
    c.meaning("pi_q.update.f")
    c.take(normalisation)
    kept(c)
    largest = c.take(clip)
    return f"clip_weights(weight, {largest})" if largest else "weight"


# ---- whole sequences


def _sequences(c: Choices, s: Support) -> None:
    """Every environment ran one episode; those that began alike share one Z."""
    made, eta, group = c.take(family), c.take(temperature), c.take(data).group
    score_data(c)
    density = made.log_density("", "", s.action, s.action)
    code = f"""
def by_episode(x: Tensor) -> Tensor:
    \"\"\"One number of every step -> its sum over each environment's episode: [S, N T] -> [S, N].\"\"\"
    return total((x * valid).unflatten(1, (ENVIRONMENTS, STEPS)))

# E-step: every environment ran one episode, w = exp(R / eta) / pi(its actions) / Z over those that began alike
{apply(c, "", c.roles["policy"].now, "observation")}
taken_log_prob = by_group(by_episode({density}))
first = returns.unflatten(1, (ENVIRONMENTS, STEPS))[..., 0]
outcome = by_group(first)
began = torch.ones_like(outcome)
omega = group_weights(outcome, taken_log_prob, {eta.value}, began)
"""
    mine, others = (rf"\exp({eta.slashed(f'R_{k}')}) / \pi_\theta(a_{k})" for k in "kj")
    line = rf"\omega_k = \frac{{{mine}}}{{{total('j', group)} {others}}}"
    text = f"Importance weights of the ${group}$ episodes of a group; $\\pi_\\theta(a_k)$ is that of all actions."
    section = _weights_section(c, text, [line], "taken_log_prob", "omega")
    c.add("policy", code, "by_episode", "outcome", "began", "omega", "first", sections=(section,))
    _e_step_section(c, s, "omega")


_SUPPORTS: dict[str, Callable[[Choices, Support], None]] = {
    "every": _every,
    "drawn": _drawn,
    "data": _data,
    "sequences": _sequences,
}
