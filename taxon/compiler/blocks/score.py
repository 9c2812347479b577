"""G and G.fit at the actions in the data: by a network, an advantage, a solved dual, or the rewards themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.block import ContractError, Section
from taxon.compiler.blocks.critic import FURUTA, Critic, critic
from taxon.compiler.blocks.data import data, whole
from taxon.compiler.blocks.estimate import estimate, value_at
from taxon.compiler.blocks.network import features, input_
from taxon.compiler.blocks.policy import apply, at, family, older
from taxon.compiler.blocks.regularised import own_divergence
from taxon.compiler.blocks.weights import normalisation
from taxon.compiler.choices import Choices
from taxon.compiler.notation import mean
from taxon.compiler.notation import number as tex_number


@dataclass(frozen=True)
class Taken:
    """G at the actions in the data: the symbol that holds it, and whether it is computed of all data beforehand."""

    symbol: str
    column: bool


def taken_score(c: Choices) -> Taken:
    """Where G at the actions in the data stands."""
    found = c.take(critic)
    if found.network == "q":
        return Taken("score", False)
    if not c.take(data).phased:
        return Taken("score", False)
    return Taken("advantage" if found.network == "v" else "returns", True)


def score_data(c: Choices) -> None:
    """G at the actions in the data, and what reworks it."""
    found, where = c.take(critic), c.take(taken_score)
    kind = "solved" if found.solved else found.network or c.take(estimate).kind
    text, line, at = _SCORES[kind](c, found, where)
    lines = [line]
    said, put_back = own_divergence(c)
    if said:
        text += said
        lines.append(put_back)
    if c.yes("pi_q.update.standardise"):
        valid = ", valid" if where.column or c.take(whole) else ""
        part = "columns" if where.column else "policy"
        code = f"{where.symbol} = standardise({where.symbol}{valid})"
        c.add(part, code, where.symbol, stage="standardise")
        text += " It is brought to mean 0 and deviation 1."
        lines.append(r"G \leftarrow \frac{G - \mathrm{mean}(G)}{\mathrm{std}(G) + 10^{-5}}")
    paths = ("G", "G.critic", "G.fit", "G.estimate", "pi_q.update.baseline", "pi_q.update.standardise")
    source = c.source("G", "G.fit") or f"{FURUTA}, Section 4.2"
    c.sections.append(Section("The score G", c.present(*paths), text, tuple(lines), source, (at,)))


def _scored_by_q(c: Choices, found: Critic, where: Taken) -> tuple[str, str, str]:
    count, made, q = c.count("pi_q.update.baseline"), c.take(family), found.scorer_tex
    less = " - E[Q(s, .)]" if count else ""
    comment = f"# E-step: the actions in the data, w = f(G) / Z with G = Q(s, a){less}\n"
    old, old_tex = c.roles["policy"].late, c.take(older).equation(c)
    if not count:
        c.add("policy", f"{comment}score = self.q({found.scorer}, observation, taken)", "score")
        return "The critic's value of the action in the data.", f"G(s,a) = {q}(s,a)", "score"
    if made.log_all:
        code = f"""{comment}scores = self.q_all({found.scorer}, observation)
base_probs = torch.exp({made.log_all.format(p=at(c, old, "observation"))})
score = ((taken - base_probs) * scores).sum(-1)"""
        c.add("policy", code, "score")
        line = rf"G(s,a) = {q}(s,a) - \sum_b {old_tex}(b|s) \, {q}(s,b)"
    else:
        c.add("policy", f"{comment}score = self.q({found.scorer}, observation, taken)", "score")
        axis = ".unsqueeze(1)" if count > 1 else ""
        draw = made.draw("base_", axis, "noise.baseline", "base_u", "base_action")
        value = f"self.q({found.scorer}, observation, base_action){'.mean(1)' if axis else ''}"
        code = f"{apply(c, 'base_', old, 'observation')}\n{draw}\nscore = score - {value}"
        shape = (c.take(data).steps, *made.noise_axes)
        noise = (("baseline", (str(count), *shape) if axis else shape),)
        c.add("policy", code, "score", stage="baseline", noise=noise)
        line = rf"G(s,a) = {q}(s,a) - {q}(s, a_1), \quad a_1 \sim {old_tex}(\cdot|s)"
        if axis:
            line = rf"G(s,a) = {q}(s,a) - {mean('j', count)} {q}(s, a_j), \quad a_j \sim {old_tex}(\cdot|s)"
    return "The advantage: the critic's value of the action in the data less the policy's mean value.", line, "score"


def _advantage(c: Choices, found: Critic, where: Taken) -> tuple[str, str, str]:
    text = "The advantage: the estimate $y$ less the value of the state."
    again = c.take(estimate).values and c.take(data).rollouts
    name = found.bootstrap_tex if again else r"V_\phi"
    line = rf"G(s_t, a_t) = y_t - {name}(s_t)"
    if where.column:
        if not again:
            value_at(c, "columns", c.roles["critic"].now)
            c.add("columns", "# A(s, a) = G - V(s)\nadvantage = target - value", "advantage")
        return text, line, "advantage"
    code = "# E-step: the actions in the data, w = f(A) / Z with A = G - V(s)\n"
    c.add("policy", f"{code}score = target - self.v({c.roles['critic'].new}, observation)", "score")
    return text, line, "score"


def _solved_advantage(c: Choices, found: Critic, where: Taken) -> tuple[str, str, str]:
    """V and eta minimise one dual; the advantage is V's Bellman error."""
    hidden = c.widths("network.value.hidden")
    if hidden:
        raise ContractError("G.fit = dual has no block for a V with hidden layers")
    read = features(c, "value")
    if read:
        c.attributes.append(f"self.value_features = {read}")
    endless = c.value("gamma") == 1
    first, after = (f"{'self.value_features(' if read else ''}{c.take(input_).seen(f'raw_{s}')}{')' if read else ''}"
                    for s in ("observation", "next_observation"))  # fmt: skip
    code = f"""# A = r + gamma V(s') - V(s), V and eta the minimisers of the E-step's dual
features = with_constant({first})
following = with_constant({after})
starts = start_features(features, begins, valid)
"""
    c.constant("EPSILON", "eta.kl", "bound on KL(pi_q || pi_p)")
    c.constant("GAMMA", "gamma", "discount")
    if endless:
        code += """# gamma = 1 gives the flow no start of its own: a termination is followed by the start of an episode
following = torch.where(terminated.unsqueeze(-1) > 0, starts.unsqueeze(1), following)
rows = (reward, features, following, torch.zeros_like(terminated))
eta, _, advantage = solve_dual(*rows, starts, valid, EPSILON, GAMMA)
"""
    else:
        code += """*rows, counted = absorbing(reward, features, following, terminated, valid, GAMMA)
eta, _, advantage = solve_dual(*rows, starts, counted, EPSILON, GAMMA)
advantage = advantage[:, :-1]
"""
    c.add("columns", code, "advantage", "eta", sections=(_joint_dual(c),))
    discount = "" if endless else rf"{c.tex('gamma')} \, "
    line = "G(s,a) = r + V(s') - V(s)" if endless else rf"G(s,a) = r + {discount}(1 - d) \, V(s') - V(s)"
    return "The Bellman error of the $V$ that minimises the dual below.", line, "advantage"


def _joint_dual(c: Choices) -> Section:
    gamma = c.value("gamma")
    log_mean = r"\eta \log \mathbb{E}[\exp(G / \eta)]"
    start = "" if gamma == 1 else rf" + {tex_number(round(1 - gamma, 10))} \, \mathbb{{E}}[V(s_0)]"
    line = rf"\min_{{\eta > 0, \, v}} \, {c.tex('eta.kl')} \, \eta + {log_mean}{start}, \quad V(s) = v^\top \phi(s)"
    end = "The mean is over the steps of the round"
    end += (
        "; a termination is followed by the start of an episode." if gamma == 1 else " and the stay in terminal states."
    )
    return Section(
        "The dual of temperature and value",
        c.present("eta", "eta.kl", "G.fit", "network.value.features", "gamma"),
        f"$\\eta$ and $V$, linear in its features, minimise one dual on all of the round. {end}",
        (line,),
        c.source("eta", "G.fit"),
        ("features", "eta"),
    )


def _reward(c: Choices, found: Critic, where: Taken) -> tuple[str, str, str]:
    text, line = "The reward of the step itself.", "G(s,a) = r"
    if where.column:
        c.add("columns", "returns = reward", "returns")
        return text, line, "returns"
    c.add("policy", "# E-step: the actions in the data and their rewards, w = r\nscore = reward", "score")
    return text, line, "score"


def _return(c: Choices, found: Critic, where: Taken) -> tuple[str, str, str]:
    gamma = c.constant("GAMMA", "gamma", "discount")
    c.value("G.estimate.lambda")  # 1, by a rule
    c.add("columns", f"returns = returns_to_go(reward, ended, {gamma})", "returns")
    if c.take(normalisation).group:
        line = rf"R = \sum_t {power(c, 't')} r_t"
        return "The return of the whole episode.", line, "first"
    line = rf"G(s_t, a_t) = \sum_{{l \geq 0}} {power(c, 'l')} r_{{t+l}}"
    return "The return to the end of the episode, with no critic.", line, "returns"


def power(c: Choices, exponent: str) -> str:
    """The discount to a power, as a factor."""
    return "" if c.value("gamma") == 1 else rf"{c.tex('gamma')}^{exponent} \,"


_SCORES: dict[str, Callable[[Choices, Critic, Taken], tuple[str, str, str]]] = {
    "q": _scored_by_q,
    "v": _advantage,
    "solved": _solved_advantage,
    "none": _reward,
    "return": _return,
}
