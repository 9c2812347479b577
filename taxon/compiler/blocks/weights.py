"""pi_q.update.f, G.transform and what normalises, keeps and clips: the E-step's weights as expressions of the score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.choices import NUMBER, Choices, choice, table


@dataclass(frozen=True)
class WeightFunction:
    """f(G) at each support: {eta} is the temperature. What is empty is not defined there."""

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
        batch=f"mean_one({data})",
        batch_kept=f"mean_one(kept * {data})",
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
    batch="batch_weights(score, {eta})",
    batch_kept="mean_one(softmax_weights(score, {eta}, dim=-1, mask=kept))",
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


def _logarithm(drawn: str, data: str, column: str, words: str) -> WeightFunction:
    """exp(G/eta) is what G is eta times the logarithm of."""
    return WeightFunction(
        drawn=f"normalise_weights({drawn.format(dim=1)}, dim=1)",
        every=f"normalise_weights(torch.exp(log_prior) * ({drawn.format(dim=-1)}), dim=-1)",
        data=data,
        batch=f"mean_one({data})",
        batch_kept="",
        clipped="",
        column=column,
        tex=lambda g, _: g,
        temperature=False,
        words=words,
    )


@choice("G.transform", "none")
def _as_it_is(c: Choices) -> WeightFunction:
    words = "The weight is what the logarithm is taken of; where it is negative the seed is reported."
    return _logarithm("positive_weights(score)", "positive_weights(score)", "positive_weights(returns)", words)


@choice("G.transform", "shift")
def _shift(c: Choices) -> WeightFunction:
    words = "The least value is subtracted, so that no weight is negative."
    data = "score - score.amin(-1, keepdim=True)"
    return _logarithm("score - score.amin({dim}, keepdim=True)", data, "shifted(returns, valid)", words)


@choice("G.transform", "adaptive")
def _adaptive(c: Choices) -> WeightFunction:
    words = "A cost $c$ within the round; $\\beta$ by maximum likelihood after it, from ${init}$, at most ${limit}$."
    return _logarithm("", "", "adaptive_weights(returns, state.beta, valid)", words)


table("pi_q.update.normalise", {"none": "data", "batch": "batch", "group": "group"})
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


def on_data(c: Choices, eta: str, column: bool) -> str:
    """Weights of the actions in a batch of data: [S, B]."""
    f, normalise = c.take(weight_function), c.meaning("pi_q.update.normalise")
    clip = c.meaning("pi_q.update.clip")(c) if "pi_q.update.clip" in c.row else ""
    half = c.take(kept)
    if clip and normalise == "data" and not half and f.clipped and not column:
        return f.clipped.format(eta=eta, clip=clip)
    if column:
        found = {"data": "weight", "batch": "mean_one(weight)"}[normalise]
    else:
        found = {
            ("data", False): f.data,
            ("data", True): f"kept * {f.data}",
            ("batch", False): f.batch,
            ("batch", True): f.batch_kept,
        }[normalise, half].format(eta=eta)
    return f"clip_weights({found}, {clip})" if clip else found
