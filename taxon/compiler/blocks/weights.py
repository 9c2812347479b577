"""pi_q.update.f, G.transform and what normalises, keeps and clips: the E-step's weights as expressions of the score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.blocks.data import whole
from taxon.compiler.choices import NUMBER, Choices, choice, table


@dataclass(frozen=True)
class WeightFunction:
    """f(G) at each support: {eta} is the temperature. What is empty is not defined there.

    {mask} and {valid} name what leaves out the padding, of a policy that is updated on all that was collected.
    """

    drawn: str  # normalised over the M actions drawn at a state: [S, M, B]
    every: str  # normalised over all actions of a state, weighed by the prior: [S, B, A]
    data: str  # of the actions in the data: [S, B]
    batch: str  # the same, with a mean of 1
    batch_kept: str  # the same, of those that are `kept`
    clipped: str  # of the actions in the data, never above {clip}
    column: str  # of `returns`, on all data at once
    tex: Callable[[str, str], str]  # of G at an action, and of eta
    temperature: bool  # eta enters
    words: str  # what is said of the weights beside
    shifted: bool = False  # the least score is subtracted first
    follows: Callable[[Choices], list[str]] | None = None  # adds what follows a round; the equations of the weights


def positive(f: str, tex: Callable[[str, str], str]) -> WeightFunction:
    """A function of the advantage that is 0 below 0: G less the policy's mean value, where actions are drawn.

    f: the call that computes it, of {x}.
    """
    mean = "(torch.exp(log_prior) * score).sum(-1, keepdim=True)"
    data = f.format(x="score")
    return WeightFunction(
        drawn=f"normalise_weights({f.format(x='score - score.mean(1, keepdim=True)')}, dim=1)",
        every=f"normalise_weights(torch.exp(log_prior) * {f.format(x=f'score - {mean}')}, dim=-1)",
        data=data,
        batch=f"mean_one({data}{{valid}})",
        batch_kept=f"mean_one(kept * {data}{{valid}})",
        clipped="",
        column="",
        tex=tex,
        temperature=False,
        words="There is no temperature.",
    )


EXP = WeightFunction(
    drawn="softmax_weights(score, {eta}, dim=1)",
    every="categorical_weights(log_prior, score, {eta})",
    data="exponential(score, {eta})",
    batch="batch_weights(score, {eta}{mask})",
    batch_kept="mean_one(softmax_weights(score, {eta}, dim=-1, mask=kept){valid})",
    clipped="exponential_weights(score, {eta}, {clip})",
    column="",
    tex=lambda g, eta: rf"\exp({g if eta == '1' else f'{g} / {eta}'})",
    temperature=True,
    words="",
)


@choice("pi_q.update.f", "exp")
def _exp(c: Choices) -> WeightFunction:
    return EXP


@choice("pi_q.update.f", "indicator")
def _indicator(c: Choices) -> WeightFunction:
    return positive("indicator({x})", lambda g, _: rf"\mathbf{{1}}[{g} \geq 0]")


@choice("pi_q.update.f", "relu")
def _relu(c: Choices) -> WeightFunction:
    return positive("rectified({x})", lambda g, _: rf"\max({g}, 0)")


def _logarithm(
    drawn: str,
    data: str,
    column: str,
    words: str,
    shifted: bool = False,
    follows: Callable[[Choices], list[str]] | None = None,
) -> WeightFunction:
    """exp(G/eta) is what G is eta times the logarithm of."""
    return WeightFunction(
        drawn=f"normalise_weights({drawn.format(dim=1)}, dim=1)",
        every=f"normalise_weights(torch.exp(log_prior) * ({drawn.format(dim=-1)}), dim=-1)",
        data=data,
        batch=f"mean_one({data}{{valid}})",
        batch_kept="",
        clipped="",
        column=column,
        tex=lambda g, _: g,
        temperature=False,
        words=words,
        shifted=shifted,
        follows=follows,
    )


@choice("G.transform", "none")
def _as_it_is(c: Choices) -> WeightFunction:
    words = "The weight is what the logarithm is taken of; where it is negative the seed is reported."
    data = "positive_weights(score * valid)" if c.take(whole) else "positive_weights(score)"
    return _logarithm("positive_weights(score)", data, "positive_weights(returns)", words)


@choice("G.transform", "shift")
def _shift(c: Choices) -> WeightFunction:
    words = "The least value is subtracted, so that no weight is negative."
    data = "shifted(score, valid)" if c.take(whole) else "score - score.amin(-1, keepdim=True)"
    drawn = "score - score.amin({dim}, keepdim=True)"
    return _logarithm(drawn, data, "shifted(returns, valid)", words, shifted=True)


@choice("G.transform", "adaptive")
def _adaptive(c: Choices) -> WeightFunction:
    words = "A cost $c$ within the round; $\\beta$ by maximum likelihood after it, from ${init}$, at most ${limit}$."
    return _logarithm("", "", "adaptive_weights(returns, state.beta, valid)", words, follows=_follow)


def _follow(c: Choices) -> list[str]:
    """beta follows by maximum likelihood after every round."""
    c.constant("BETA_START", "G.transform.init", "beta of the reward's transform at the start")
    limit = c.constant("BETA_LIMIT", "G.transform.limit", "the largest beta")
    c.field("beta", "[S]", "torch.full((len(generators),), float(BETA_START))")
    c.add(
        "transform",
        f"beta = adapt_beta(weight, returns, valid).clamp(max={limit})",
        "beta",
        metrics=(("beta", "beta"),),
    )
    return [
        r"c_i = \max_j G_j - G_i + 10^{-8}",
        r"w_i = \beta \exp(-\beta \, c_i)",
        rf"\beta \leftarrow \min\left(\frac{{\sum_i w_i}}{{\sum_i w_i \, c_i}}, {c.tex('G.transform.limit')}\right)",
    ]


@dataclass(frozen=True)
class Normalisation:
    """Over what the weights of the actions in the data have a mean of 1, or a sum of 1: nothing where neither."""

    batch: bool = False
    group: bool = False


table(
    "pi_q.update.normalise",
    {"none": Normalisation(), "batch": Normalisation(batch=True), "group": Normalisation(group=True)},
)
table("pi_q.update.keep", {"all": False, "top_half": True})


@choice("pi_q.update.clip", "none")
def _unclipped(c: Choices) -> str:
    return ""


@choice("pi_q.update.clip", NUMBER)
def _clipped(c: Choices) -> str:
    return c.constant("WEIGHT_CLIP", "pi_q.update.clip", "largest weight")


def weight_function(c: Choices) -> WeightFunction:
    """f of the row; where G is a logarithm, by what makes its argument positive."""
    made: WeightFunction = c.meaning("G.transform" if "G.transform" in c.row else "pi_q.update.f")(c)
    return made


def kept(c: Choices) -> bool:
    """Only the half of the batch with the larger G keeps its weight."""
    return "pi_q.update.keep" in c.row and bool(c.meaning("pi_q.update.keep"))


def normalisation(c: Choices) -> Normalisation:
    """What normalises the weights of the actions in the data."""
    if "pi_q.update.normalise" not in c.row:
        return Normalisation()
    made: Normalisation = c.meaning("pi_q.update.normalise")
    return made


def clip(c: Choices) -> str:
    """The largest weight; empty where there is none."""
    if "pi_q.update.clip" not in c.row:
        return ""
    largest: str = c.meaning("pi_q.update.clip")(c)
    return largest


def on_data(c: Choices, eta: str, column: bool) -> str:
    """Weights of the actions in a batch of data: [S, B]."""
    f, batch, largest, half = c.take(weight_function), c.take(normalisation).batch, c.take(clip), c.take(kept)
    if largest and not batch and not half and f.clipped and not column:
        return f.clipped.format(eta=eta, clip=largest)
    valid = ", valid" if c.take(whole) else ""
    if column:
        found = f"mean_one(weight{valid})" if batch else "weight"
    else:
        found = {
            (False, False): f.data,
            (False, True): f"kept * {f.data}",
            (True, False): f.batch,
            (True, True): f.batch_kept,
        }[batch, half].format(eta=eta, valid=valid, mask=", mask=valid" if valid else "")
    return f"clip_weights({found}, {largest})" if largest else found
