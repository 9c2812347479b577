"""G.estimate: V(s'), and the target that the critic is fitted to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.block import ContractError, Section, Stored
from taxon.compiler.blocks.critic import Critic, critic, score_of
from taxon.compiler.blocks.data import data, delay
from taxon.compiler.blocks.eta import temperature
from taxon.compiler.blocks.policy import apply, at, family, fit_states, older
from taxon.compiler.blocks.priors.density import log_ratio, next_log_prior, next_log_prior_all, weighed
from taxon.compiler.blocks.priors.offer import prior_of
from taxon.compiler.blocks.regularised import reward
from taxon.compiler.choices import Choices, choice
from taxon.compiler.families.family import Family
from taxon.compiler.notation import mean
from taxon.compiler.symbols import Column


def next_value(c: Choices) -> None:
    """V(s') of the critic that is bootstrapped from."""
    found, made = c.take(critic), c.take(family)
    if not found.fitted:
        return
    able = [block for can, block in _NEXT if can(found, made)]
    if not able:
        raise ContractError(f"V(s') needs `sample` or `log_all`, which the distribution {made.name} does not have")
    able[0](c, found)
    if _reads_prior(c):
        _prior(c)


def _soft(c: Choices) -> bool:
    """V(s') counts the divergence of the next action, which the returns of a V(s) have summed already."""
    return score_of(c).soft and c.take(critic).network == "q" and bool(c.take(temperature).value)


def _reads_prior(c: Choices) -> bool:
    """That divergence is from a prior beside the policy."""
    return _soft(c) and prior_of(c).separate


def _prior(c: Choices) -> None:
    """V(s') gains eta a log pi_p."""
    eta = c.take(temperature)
    if c.take(family).log_all:
        average = weighed(c, f"(torch.exp(next_log_probs) * {next_log_prior_all(c)}).sum(-1)")
        code = f"next_value = next_value + {eta.value} * {average}"
    else:
        axis, averaged = (".unsqueeze(1)", ".mean(1)") if c.count("G.estimate.samples") > 1 else ("", "")
        code = f"""next_prior_log_prob = {next_log_prior(c, axis)}
next_value = next_value + {eta.value} * {weighed(c, f"next_prior_log_prob{averaged}")}"""
    c.add("estimate", f"# and eta a log pi_p: G is regularised towards the prior\n{code}", "next_value", stage="prior")


def _entropy(c: Choices, policy: str, at: str) -> str:
    """What V(s') counts beside Q of an action, in LaTeX."""
    ratio = log_ratio(c, at, policy) if _reads_prior(c) else rf"\log {policy}{at}"
    return c.take(temperature).times(ratio)


def _section(c: Choices, text: str, lines: tuple[str, ...], *at: str) -> tuple[Section, ...]:
    found, smoothed = c.take(critic), c.has("G.estimate", "smoothing")
    if _soft(c):
        what = "divergence from $\\pi_p$" if _reads_prior(c) else "entropy"
        text += f" The {what} of the next action counts, that of the action evaluated does not."
    if smoothed:
        text += " Clipped noise smooths the critic around the action."
    if found.lagged:
        text += " The critic is its lagged copy."
    paths = ("G", "G.estimate", "G.estimate.samples", *(f"G.estimate.smoothing.{leaf}" for leaf in ("std", "clip")))
    paths = c.present(*paths, "eta", *(["pi_p", "pi_p.power"] if _reads_prior(c) else []), "target")
    return (Section("The value of the next state", paths, text, lines, c.source("G", "G.estimate"), at),)


def _next_by_v(c: Choices, found: Critic) -> None:
    code = f"next_value = self.v({found.bootstrap}, next_observation)"
    sections = _section(c, "The critic's own value.", (rf"V(s') = {found.bootstrap_tex}(s')",), "next_value")
    c.add("columns" if c.take(data).rollouts else "estimate", code, "next_value", sections=sections)


def _whose(c: Choices) -> tuple[str, str]:
    """The policy that acts at s', in words and in LaTeX."""
    lagged = c.take(older).lagged
    return ("old " if lagged else "", c.take(older).tex)


def _next_by_all(c: Choices, found: Critic) -> None:
    made, q, (whose, policy) = c.take(family), found.bootstrap_tex, _whose(c)
    eta, soft = c.take(temperature), _soft(c)
    inside = "[Q(s', a) - eta log pi(a|s')]" if soft else "Q(s', a)"
    apart = ".unsqueeze(-1)" if eta.value == "eta" else ""
    less = f"(next_q - {eta.value}{apart} * next_log_probs)" if soft else "next_q"
    code = f"""# V(s') = sum_a pi(a|s') {inside}, pi the {whose}policy
next_log_probs = {made.log_all.format(p=at(c, c.roles["policy"].late, "next_observation"))}
next_q = self.q_all({found.bootstrap}, next_observation)
next_value = (torch.exp(next_log_probs) * {less}).sum(-1)"""
    at_ = "(a|s')"
    shown = rf"\left[ {q}(s',a) - {_entropy(c, policy, at_)} \right]" if soft else f"{q}(s',a)"
    line = rf"V(s') = \sum_a {policy}(a|s') \, {shown}"
    sections = _section(c, "The policy's mean over all actions.", (line,), "next_log_probs", "next_value")
    c.add("estimate", code, "next_log_probs", "next_q", "next_value", sections=sections)


def _smooth(c: Choices, action: str) -> str:
    std, clip = (c.tex(f"G.estimate.smoothing.{leaf}") for leaf in ("std", "clip"))
    noise = rf"\mathrm{{clip}}({std} \, \xi, -{clip}, {clip})"
    return rf"\mathrm{{clip}}({action} + {noise}, -1, 1)"


def _smoothing(c: Choices, into: str, shape: tuple[str, ...]) -> tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    """The line that smooths the next action, and its noise."""
    if not c.has("G.estimate", "smoothing"):
        return "", ()
    std = c.constant("SMOOTHING_STD", "G.estimate.smoothing.std", "deviation of the noise on the target's action")
    clip = c.constant("SMOOTHING_CLIP", "G.estimate.smoothing.clip", "largest noise on the target's action")
    return f"{into} = smoothed(next_action, noise.smoothing, {std}, {clip})\n", (("smoothing", shape),)


def _next_by_mean(c: Choices, found: Critic) -> None:
    whose, old = _whose(c)[0], c.take(older)
    smoothing, noise = _smoothing(c, "next_action", (c.take(data).steps, "self.actions"))
    also = ", the action smoothed by clipped noise" if noise else ""
    code = f"""# V(s') = Q(s', mu(s')) of the {whose}policy{also}
next_action = {at(c, c.roles["policy"].late, "next_observation")}
{smoothing}next_value = self.q({found.bootstrap}, next_observation, next_action)"""
    mu = r"\mu_{\theta'}(s')" if old.lagged else r"\mu_\theta(s')"
    line = rf"V(s') = {found.bootstrap_tex}(s', a'), \quad a' = {_smooth(c, mu) if noise else mu}"
    sections = _section(c, "The critic at the policy's action.", (line,), "next_action", "next_value")
    c.add("estimate", code, "next_action", "next_value", noise=noise, sections=sections)


def shares_draw(c: Choices) -> bool:
    """One draw serves the target and the E-step where both need as many actions of the same policy at the same states,
    scored by the same critic, as in Hoffman et al. 2020."""
    found = c.take(critic)
    as_many = bool(c.take(family).log_all) or c.count("pi_q.update.samples") == c.count("G.estimate.samples")
    return (
        found.by_copy
        and not found.first
        and "pi_q.update.states" in c.row
        and fit_states(c) == "next_observation"
        and not c.take(data).phased
        and c.take(delay) == 1
        and as_many
        and not c.has("G.estimate", "smoothing")
    )


def _next_by_draws(c: Choices, found: Critic) -> None:
    made, q, (whose, policy) = c.take(family), found.bootstrap_tex, _whose(c)
    count, eta = c.count("G.estimate.samples"), c.take(temperature)
    soft = _soft(c)
    axis, averaged = (".unsqueeze(1)", ".mean(1)") if count > 1 else ("", "")
    shape = (c.take(data).steps, *made.noise_axes)
    shape = (str(count), *shape) if count > 1 else shape
    smoothing, noise = _smoothing(c, "smoothed_action", (*shape[: len(shape) - len(made.noise_axes)], "self.actions"))
    taken = "smoothed_action" if noise else "next_action"
    inside = "Q(s', a') - eta log pi(a'|s')" if soft else "Q(s', a')"
    over = f"{count} actions" if count > 1 else "one action"
    q_line = f"self.q({found.bootstrap}, next_observation, {taken})"
    code = f"""# V(s') = E[{inside}] over {over} of the {whose}policy
{apply(c, "next_", c.roles["policy"].late, "next_observation")}
{made.draw("next_", axis, "noise.next_action", "next_u", "next_action")}
{smoothing}"""
    writes = [*made.all("next_"), "next_action", *(["next_u"] if made.squash else [])]
    if soft:
        code += f"""next_q = {q_line}
next_log_prob = {made.log_density("next_", axis, "next_action", "next_u")}
next_value = next_q{averaged} - {eta.value} * next_log_prob{averaged}"""
        writes += ["next_q"]
    elif shares_draw(c):
        code += f"next_q = {q_line}\nnext_value = next_q{averaged}"
        writes += ["next_q"]
    else:
        code += f"next_value = {q_line}{averaged}"
    at_ = "(a'|s')" if count == 1 else "(a_j|s')"
    entropy = f" - {_entropy(c, policy, at_)}" if soft else ""
    lines = [rf"b = {_smooth(c, 'a')}"] if noise else []
    b = "b" if noise else "a"
    if count == 1:
        value = rf"V(s') = {q}(s', {b}'){entropy}, \quad a' \sim {policy}(\cdot|s')"
        text = "The critic at one action of the policy."
    else:
        each = f"{q}(s', {b}_j){entropy}"
        each = f"[{each}]" if entropy else each
        value = rf"V(s') = {mean('j', count)} {each}, \quad a_j \sim {policy}(\cdot|s')"
        text = f"The critic's mean over ${count}$ actions of the policy."
    at = ("next_action", *(["next_log_prob"] if soft else []), "next_value")
    sections = _section(c, text, (value, *lines), *at)
    c.add("estimate", code, "next_value", *writes, noise=(("next_action", shape), *noise), sections=sections)


# V(s') by the first of these that critic and distribution are able to.
_NEXT: tuple[tuple[Callable[[Critic, Family], bool], Callable[[Choices, Critic], None]], ...] = (
    (lambda found, made: found.network == "v", _next_by_v),
    (lambda found, made: bool(made.log_all), _next_by_all),
    (lambda found, made: bool(made.sample), _next_by_draws),
    (lambda found, made: made.mode == "{p}", _next_by_mean),  # the distribution is one action
)


# ---- the target


@dataclass(frozen=True)
class Estimate:
    """An estimator of G: one pure function of columns over time, alike for windows, episodes and rollouts."""

    function: str
    columns: tuple[str, ...]
    constants: tuple[str, ...]
    comment: str
    equation: Callable[[Choices], tuple[str, str]]  # what is said of the target, and its line
    kind: str = "critic"  # "return" or "none": what it is where G has no critic
    ahead: bool = True  # it reads more than one step
    values: bool = False  # it is an advantage over V(s), which is added
    traced: bool = False  # it reads Q and the density ratio of the stored actions


AHEAD = ("reward", "next_value", "terminated", "ended")


def _ends(c: Choices) -> str:
    """What ends a sum over several steps."""
    whose = "the end of an episode or a window" if c.take(data).windows else "an episode's end"
    return f"Only termination ($d = 1$) ends the sum; {whose} cuts the trace."


@choice("G.estimate", "none")
def _none(c: Choices) -> Estimate:
    return Estimate("", (), (), "", lambda c: ("", ""), kind="none")


@choice("G.estimate", "td")
def _td(c: Choices) -> Estimate:
    if c.value("G.estimate.lambda") == 0:
        comment = "y = r + gamma V(s'); only termination ends the sum"
        return Estimate(
            "td_target", ("reward", "next_value", "terminated"), ("GAMMA",), comment, _td_equation, "return", False
        )
    comment = "G_t = r_t + gamma [(1 - lambda) V(s_t+1) + lambda G_t+1]"
    return Estimate("lambda_returns", AHEAD, ("GAMMA", _lambda(c)), comment, _lambda_equation, "return")


@choice("G.estimate", "n_step")
def _n_step(c: Choices) -> Estimate:
    steps = c.constant("N_STEPS", "G.estimate.n", "steps before the estimate bootstraps")
    comment = "G_t = r_t + gamma r_t+1 + ... + gamma^n V(s_t+n)"
    return Estimate("n_step_returns", AHEAD, ("GAMMA", steps), comment, _n_step_equation)


@choice("G.estimate", "gae")
def _gae(c: Choices) -> Estimate:
    comment = "A_t = sum_l (gamma lambda)^l delta_t+l, delta = r + gamma V(s') - V(s); V follows A + V"
    columns = ("reward", "value", "next_value", "terminated", "ended")
    constants = ("GAMMA", _lambda(c))
    return Estimate("generalised_advantages", columns, constants, comment, _gae_equation, values=True)


@choice("G.estimate", "retrace")
def _retrace(c: Choices) -> Estimate:
    comment = "G_t = r_t + gamma [V(s_t+1) + c_t+1 (G_t+1 - Q(s_t+1, a_t+1))], c = lambda min(1, pi / b)"
    columns = ("reward", "next_value", "q", "log_ratio", "terminated", "ended")
    return Estimate("retrace", columns, ("GAMMA", _lambda(c)), comment, _retrace_equation, traced=True)


def _lambda(c: Choices) -> str:
    return c.constant("LAMBDA", "G.estimate.lambda", "of the estimator: 0 looks one step ahead, 1 to the end")


def estimate(c: Choices) -> Estimate:
    """The estimator of the row."""
    made: Estimate = c.meaning("G.estimate")(c)
    return made


def target(c: Choices) -> None:
    """What the critic follows."""
    found, made = c.take(critic), c.take(estimate)
    if not found.fitted:
        return
    c.constant("GAMMA", "gamma", "discount")
    if made.traced:
        _trace(c, found)
    of = c.take(data)
    part = "columns" if of.rollouts else "target"
    if made.values:
        value_at(c, part, found.bootstrap)
    if not of.phased:
        c.add(part, "ended = torch.maximum(terminated, truncated)", "ended", anywhere=True)
    sums = reward(c)
    columns = ", ".join(sums if name == "reward" else name for name in made.columns)
    constants = ", ".join(made.constants)
    if of.phased or not made.ahead:
        result = f"{made.function}({columns}, {constants})"
    else:
        windowed = f"{made.function}(*(windows(column) for column in columns), {constants})"
        result = f"{windowed}.flatten(1)"
    before = f"columns = ({columns})\n" if made.ahead and not of.phased else ""
    code = f"# {made.comment}\n{before}target = {result}{' + value' if made.values else ''}"
    writes: tuple[str, ...] = ("target",)
    if made.values and of.rollouts:
        code = f"# {made.comment}\nadvantage = {result}\ntarget = advantage + value"
        writes = ("target", "advantage")
    paths = c.present("G.estimate", *_parameters(c), "gamma", "data.sequences.length")
    text, line = made.equation(c)
    section = Section("The target of G", paths, text, (line,), c.source("G.estimate"), writes)
    c.add(part, code, *writes, sections=(section,))


def value_at(c: Choices, part: str, critic: str) -> None:
    """V(s) at the stored steps, wherever the part reads it."""
    by = f"self.values({critic}, state, episodes)" if c.take(data).episodic else f"self.v({critic}, observation)"
    c.add(part, f"value = {by}", "value", anywhere=True)


def _parameters(c: Choices) -> list[str]:
    """The estimator's own parameters: what modifies it, and how V(s') is found, has sections of its own."""
    others = {"samples", *(modifier.key for modifier in c.row.leaves["G.estimate"].slot.modifiers)}
    return [path for path in c.below("G.estimate")[1:] if path.split(".")[2] not in others]


def _trace(c: Choices, found: Critic) -> None:
    made, old = c.take(family), c.take(older)
    before = f"u = {made.unsquash.format(x='taken')}\n" if made.unsquash else ""
    code = f"""# Retrace reads Q and pi at the stored actions
{apply(c, "", c.roles["policy"].late, "observation")}
{before}log_prob = {made.log_density("", "", "taken", "u")}
log_ratio = log_prob - acting_log_prob
q = self.q({found.bootstrap}, observation, taken)"""
    lambda_ = c.tex("G.estimate.lambda")
    policy = old.tex
    factor = "" if lambda_ == "1" else rf"{lambda_} \, "
    stored = ""
    if made.unsquash:
        stored = " Both densities are those of the action as it is stored, no nearer to the border than $10^{-6}$."
    section = Section(
        "The trace",
        c.present("G.estimate", "G.estimate.lambda", "data"),
        f"How much of an action's correction is kept; $b$ is the density with which the action was taken.{stored}",
        (rf"c_t = {factor}\min\left(1, \frac{{{policy}(a_t|s_t)}}{{b(a_t|s_t)}}\right)",),
        "Munos et al. 2016",
        ("log_ratio", "q"),
    )
    c.add("estimate", code, "log_ratio", "q", sections=(section,))
    level = "-math.log(self.actions)" if made.log_all else "-self.actions * math.log(2)"
    column = Column("log_prob", "", "log b(a|s) of the policy that acted")
    c.stored.append(Stored(column, "acting_log_prob", "log_prob", f"torch.full_like(uniform[..., 0], {level})"))


def _gamma(c: Choices) -> str:
    """The discount as a factor: nothing where it is 1."""
    return "" if c.value("gamma") == 1 else rf"{c.tex('gamma')} \, "


def _td_equation(c: Choices) -> tuple[str, str]:
    return "One step; only termination ($d = 1$) ends the sum.", rf"y = r + {_gamma(c)}(1 - d) \, V(s')"


def _lambda_equation(c: Choices) -> tuple[str, str]:
    lambda_, gamma = c.tex("G.estimate.lambda"), _gamma(c)
    if lambda_ == "1":
        cut = "or a window is cut" if c.take(data).windows else "is cut"
        text = f"The return, with $V(s_{{t+1}})$ in the place of $y_{{t+1}}$ where an episode {cut}. {_ends(c)}"
        return text, rf"y_t = r_t + {gamma}(1 - d_t) \, y_{{t+1}}"
    mixed = rf"(1 - {lambda_}) \, V(s_{{t+1}}) + {lambda_} \, y_{{t+1}}"
    return _ends(c), rf"y_t = r_t + {gamma}(1 - d_t) \left[ {mixed} \right]"


def _n_step_equation(c: Choices) -> tuple[str, str]:
    n = c.count("G.estimate.n")
    power, last = "", ""
    if _gamma(c):
        power, last = rf"{c.tex('gamma')}^{{l}} \, ", rf"{c.tex('gamma')}^{{{n}}} \, "
    ends = "the episode or the window ends" if c.take(data).windows else "the episode ends"
    text = f"The rewards of ${n}$ steps, fewer where {ends}; no value follows a termination."
    return text, rf"y_t = \sum_{{l=0}}^{{{n - 1}}} {power}r_{{t+l}} + {last}V(s_{{t+{n}}})"


def _gae_equation(c: Choices) -> tuple[str, str]:
    decay = " \\cdot ".join(filter(None, (c.tex("gamma") if _gamma(c) else "", c.tex("G.estimate.lambda"))))
    error = rf"\delta_t = r_t + {_gamma(c)}(1 - d_t) \, V(s_{{t+1}}) - V(s_t)"
    text = f"The advantage as a decaying sum of one-step errors, plus the value. {_ends(c)}"
    return text, rf"y_t = V(s_t) + \sum_{{l \geq 0}} ({decay})^l \, \delta_{{t+l}}, \quad {error}"


def _retrace_equation(c: Choices) -> tuple[str, str]:
    correction = rf"c_{{t+1}} \, (y_{{t+1}} - {c.take(critic).bootstrap_tex}(s_{{t+1}}, a_{{t+1}}))"
    line = rf"y_t = r_t + {_gamma(c)}(1 - d_t) \left[ V(s_{{t+1}}) + {correction} \right]"
    return f"Off-policy returns over a window. {_ends(c)}", line
