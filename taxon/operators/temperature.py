"""The temperature solved for: the exact minimiser of the dual that the E-step's constraint defines."""

import math

import torch
from torch import Tensor

from taxon.operators.e_step import softmax_weights
from taxon.operators.functional import over_states, per_seed, sum_over

LOWEST, HIGHEST = 1e-6, 1e6
HALVINGS = 48  # of 27.6 nats between the bounds: 1e-13 of eta, more than float32 shows and near what float64 does


def solved_temperature(
    score: Tensor, kl: float, dim: int, mask: Tensor | None = None, states: Tensor | None = None
) -> Tensor:
    """eta [S] in [1e-6, 1e6] that minimises `temperature_dual(score, eta, kl, dim, mask, states)`; detached.

    There KL(weights || uniform over the kept entries) is `kl` on average; where no temperature reaches it, as with
    equal scores, eta is at its lowest. The mask, shaped like the score, must keep an entry along `dim`.
    """
    keep = torch.ones_like(score) if mask is None else mask
    log_prior = torch.log(keep.double() / sum_over(keep.double(), dim).unsqueeze(dim))
    return _bisect(log_prior, score, kl, dim, states)


def categorical_solved_temperature(log_prior: Tensor, score: Tensor, kl: float, states: Tensor | None = None) -> Tensor:
    """eta [S] in [1e-6, 1e6] that minimises `categorical_dual(log_prior, score, eta, kl, states)`; detached."""
    return _bisect(log_prior.detach().double(), score, kl, -1, states)


def _bisect(log_prior: Tensor, score: Tensor, kl: float, dim: int, states: Tensor | None) -> Tensor:
    """Bisect log eta on the dual's slope kl - KL(q || p), q = p exp(score / eta) / Z, which rises with eta.

    In float64, whatever the score is: KL is a small difference of large terms where eta is far from the scores.
    """
    exact = score.detach().double()
    low = exact.new_full(exact.shape[:1], math.log(LOWEST))
    high = torch.full_like(low, math.log(HIGHEST))
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        falls = _divergence(log_prior, exact / per_seed(middle.exp(), exact), dim, states) > kl
        low, high = torch.where(falls, middle, low), torch.where(falls, high, middle)
    return (0.5 * (low + high)).exp().to(score.dtype)


def _divergence(log_prior: Tensor, tilt: Tensor, dim: int, states: Tensor | None) -> Tensor:
    """Mean of KL(q || p), q = p exp(tilt) / Z along `dim`: -> [S]. An entry with p = 0 takes no part."""
    raised = log_prior + tilt
    top = raised.amax(dim, keepdim=True)
    log_z = torch.log(sum_over(torch.exp(raised - top), dim)) + top.squeeze(dim)
    return over_states(sum_over(softmax_weights(raised, 1.0, dim) * tilt, dim) - log_z, states)
