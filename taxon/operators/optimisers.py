"""Optimisers on flat rows: [S, P], or [S, E, P] for an ensemble. Nothing is updated in place."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from taxon.operators.functional import per_seed, total

Moments = tuple[Tensor, Tensor]


def zero_moments(parameters: Tensor) -> Moments:
    """Adam's first and second moments before the first step, shaped like the parameters."""
    return torch.zeros_like(parameters), torch.zeros_like(parameters)


def zero_velocity(parameters: Tensor) -> Tensor:
    """SGD's velocity before the first step, shaped like the parameters."""
    return torch.zeros_like(parameters)


def adam(
    parameters: Tensor,
    gradient: Tensor,
    moments: Moments,
    lr: Tensor | float,
    updates: Tensor,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Tensor, Moments]:
    """One Adam step (Kingma & Ba 2015, Algorithm 1) -> (parameters, moments).

    `updates` [S] counts from 1; `lr` is a float or [S]. Weight decay is coupled: it joins the gradient. A moment below
    the smallest normal number is zero.
    """
    if weight_decay:
        gradient = gradient + weight_decay * parameters
    count = updates.to(gradient.dtype)
    first = _normal(torch.lerp(moments[0], gradient, 1 - beta1))
    second = _normal(torch.addcmul(beta2 * moments[1], gradient, gradient, value=1 - beta2))
    # The corrections of the moments' bias, m / (1 - beta1^t) and v / (1 - beta2^t), as one scale of a seed each.
    rate = per_seed(lr / _one_minus_power(beta1, count), gradient)
    unbias = per_seed(_one_minus_power(beta2, count).rsqrt(), gradient)
    return parameters - rate * (first / (second.sqrt() * unbias + eps)), (first, second)


def sgd(
    parameters: Tensor, gradient: Tensor, velocity: Tensor, lr: Tensor | float, momentum: float = 0.0
) -> tuple[Tensor, Tensor]:
    """One step of gradient descent with momentum -> (parameters, velocity): v <- momentum v + g, p <- p - lr v."""
    velocity = momentum * velocity + gradient
    return parameters - per_seed(lr, velocity) * velocity, velocity


def clip_norm(gradient: Tensor, norm: float) -> Tensor:
    """Scale every row (the last axis) whose Euclidean norm exceeds `norm` down to it: [..., P] -> [..., P]."""
    size = total(gradient.square()).sqrt().unsqueeze(-1)
    return gradient * (norm / (size + 1e-6)).clamp(max=1.0)


def row_norm(gradient: Tensor) -> Tensor:
    """Euclidean norm of everything that belongs to a seed: [S, ...] -> [S]."""
    return total(gradient.flatten(1).square()).sqrt()


def polyak(target: Tensor, online: Tensor, tau: float) -> Tensor:
    """(1 - tau) target + tau online, elementwise (Lillicrap et al. 2016)."""
    return torch.lerp(target, online, tau)


def copy_every(target: Tensor, online: Tensor, updates: Tensor, every: int) -> Tensor:
    """`online` for the seeds whose update count [S] is a multiple of `every`, `target` for the others."""
    due = updates % every == 0
    return torch.where(due.reshape((-1,) + (1,) * (target.dim() - 1)), online, target)


def held_after(new: Tensor, old: Tensor, updates: Tensor, last: int) -> Tensor:
    """`new` for the seeds whose update count [S], from 1, is at most `last`, `old` for the others."""
    due = updates <= last
    return torch.where(due.reshape((-1,) + (1,) * (new.dim() - 1)), new, old)


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
