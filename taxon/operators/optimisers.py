"""Optimisers on flat rows: [S, P], or [S, E, P] for an ensemble. Nothing is updated in place."""

import math
from typing import NamedTuple, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from taxon.operators.functional import per_seed, total


class Trained(NamedTuple):
    """Parameters, and what their optimiser keeps of the gradients so far: Adam two moments, SGD one, its velocity."""

    params: Tensor
    moments: tuple[Tensor, ...]  # each shaped like the parameters


class Lagged(NamedTuple):
    """The same with a copy of the parameters that follows them; no moments where no gradient steps them."""

    params: Tensor
    moments: tuple[Tensor, ...]
    target: Tensor


_Stepped = TypeVar("_Stepped", Trained, Lagged)


def trained(params: Tensor, moments: int = 2) -> Trained:
    """Parameters before the first step: every moment is 0."""
    return Trained(params, tuple(torch.zeros_like(params) for _ in range(moments)))


def lagged(params: Tensor, moments: int = 2) -> Lagged:
    """Parameters before the first step, where the copy is equal to them."""
    return Lagged(*trained(params, moments), params.clone())


def adam(
    network: _Stepped,
    gradient: Tensor,
    lr: Tensor | float,
    updates: Tensor,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> _Stepped:
    """One Adam step (Kingma & Ba 2015, Algorithm 1); a lagged copy stays as it is.

    `updates` [S] counts from 1; `lr` is a float or [S]. Weight decay is coupled: it joins the gradient. A moment below
    the smallest normal number is zero.
    """
    if weight_decay:
        gradient = gradient + weight_decay * network.params
    count = updates.to(gradient.dtype)
    first = _normal(torch.lerp(network.moments[0], gradient, 1 - beta1))
    second = _normal(torch.addcmul(beta2 * network.moments[1], gradient, gradient, value=1 - beta2))
    # The corrections of the moments' bias, m / (1 - beta1^t) and v / (1 - beta2^t), as one scale of a seed each.
    rate = per_seed(lr / _one_minus_power(beta1, count), gradient)
    unbias = per_seed(_one_minus_power(beta2, count).rsqrt(), gradient)
    params = network.params - rate * (first / (second.sqrt() * unbias + eps))
    return network._replace(params=params, moments=(first, second))


def sgd(network: _Stepped, gradient: Tensor, lr: Tensor | float, momentum: float = 0.0) -> _Stepped:
    """One step of gradient descent with momentum, v <- momentum v + g, p <- p - lr v; a lagged copy stays as it is."""
    velocity = momentum * network.moments[0] + gradient
    return network._replace(params=network.params - per_seed(lr, velocity) * velocity, moments=(velocity,))


def clip_norm(gradient: Tensor, norm: float) -> Tensor:
    """Scale every row (the last axis) whose Euclidean norm exceeds `norm` down to it: [..., P] -> [..., P]."""
    size = total(gradient.square()).sqrt().unsqueeze(-1)
    return gradient * (norm / (size + 1e-6)).clamp(max=1.0)


def row_norm(gradient: Tensor) -> Tensor:
    """Euclidean norm of everything that belongs to a seed: [S, ...] -> [S]."""
    return total(gradient.flatten(1).square()).sqrt()


def polyak(network: Lagged, tau: float) -> Lagged:
    """The copy moves to (1 - tau) target + tau params, elementwise (Lillicrap et al. 2016)."""
    return network._replace(target=torch.lerp(network.target, network.params, tau))


def copy_every(network: Lagged, updates: Tensor, every: int) -> Lagged:
    """The copy becomes the parameters where a seed's update count [S] is a multiple of `every`."""
    due = updates % every == 0
    due = due.reshape((-1,) + (1,) * (network.target.dim() - 1))
    return network._replace(target=torch.where(due, network.params, network.target))


def linear_schedule(step: Tensor, start: float, end: float, over: float) -> Tensor:
    """start + (end - start) min(step / over, 1): step [S] -> [S], in float32 unless the step is a wider float."""
    return start + (end - start) * (step / over).clamp(0.0, 1.0)


def _normal(x: Tensor) -> Tensor:
    """x, but zero where it is too small for all of its digits.

    The moments of a weight without gradient shrink until they are, and stay so; a processor takes many times as long
    over such numbers, which move no parameter.
    """
    return F.hardshrink(x, torch.finfo(x.dtype).tiny)


def _one_minus_power(beta: float, count: Tensor) -> Tensor:
    """1 - beta^count without cancellation, for a decay rate in [0, 1): [S] -> [S].

    From t = tanh(x / 2) = (1 - e^-x) / (1 + e^-x), since torch compiles expm1(x) of several numbers to exp(x) - 1.
    """
    t = torch.tanh(count * (-0.5 * math.log(beta) if beta > 0 else math.inf))
    return 2 * t / (1 + t)
