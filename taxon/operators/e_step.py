"""The non-parametric policy as weights: f(G / eta) at the support, and the dual that sets eta.

S seeds, M sampled actions, B batch. `eta` is a float or a tensor [S] (or a row [S, 1]). Weights carry no gradient:
they are targets of the weighted likelihood, not a path to the critic or to eta.
"""

import torch
from torch import Tensor

from taxon.operators.functional import per_seed, seed_average, total


def softmax_weights(score: Tensor, eta: Tensor | float, dim: int) -> Tensor:
    """w = exp(score / eta) / sum over `dim` of the same, detached: [S, ...] -> [S, ...].

    dim = 1 on [S, M, B] is the per-state posterior (Abdolmaleki et al. 2018b, Eq. 8), dim = -1 on [S, B] one over the
    batch.
    """
    scaled = score.detach() / _detached(eta, score)
    exponential = torch.exp(scaled - scaled.amax(dim, keepdim=True))
    return exponential / _sum(exponential, dim).unsqueeze(dim)


def batch_weights(score: Tensor, eta: Tensor | float) -> Tensor:
    """w = B softmax(score / eta) over the batch, detached: [S, B] -> [S, B], mean one (Nair et al. 2020, code)."""
    return score.shape[-1] * softmax_weights(score, eta, -1)


def exponential(score: Tensor, eta: Tensor | float) -> Tensor:
    """w = exp(score / eta), detached: [S, ...] -> [S, ...]."""
    return torch.exp(score.detach() / _detached(eta, score))


def clip_weights(weights: Tensor, clip: float) -> Tensor:
    """w = min(w, clip), elementwise."""
    return weights.clamp(max=clip)


def exponential_weights(score: Tensor, eta: Tensor | float, clip: float) -> Tensor:
    """w = min(exp(score / eta), clip), detached: [S, ...] -> [S, ...] (Peng et al. 2019).

    Where the exponential overflows to infinity the minimum is the clip, and no gradient is there to become NaN.
    """
    return clip_weights(exponential(score, eta), clip)


def standardise(advantage: Tensor, valid: Tensor | None = None, eps: float = 1e-5) -> Tensor:
    """(A - mean) / (std + eps) with population statistics over the last axis: [S, N] -> [S, N].

    Only entries with `valid` 1 count in the statistics; at least one must. Every entry is transformed.
    """
    if valid is None:
        valid = torch.ones_like(advantage)
    count = total(valid).unsqueeze(-1)
    centred = advantage - total(advantage * valid).unsqueeze(-1) / count
    variance = total(centred.square() * valid).unsqueeze(-1) / count
    return centred / (variance.sqrt() + eps)


def temperature_dual(score: Tensor, eta: Tensor, kl: float, dim: int) -> Tensor:
    """g(eta) = eta [kl + mean log mean_dim exp(score / eta)], the outer mean over the remaining axes: -> [S].

    Minimised by eta it holds KL(weights || support) to `kl` on average; its slope is kl - KL. The score is detached.
    With dim = 1 on [S, M, B] the mean over states stands outside the logarithm (Abdolmaleki et al. 2018b, Eq. 9,
    as Hoffman et al. 2020 implement it); with dim = -1 on [S, B] there is one logarithm for the batch (Peters et al.
    2010).
    """
    scaled = score.detach() / per_seed(eta, score)
    top = scaled.detach().amax(dim, keepdim=True)
    log_mean = torch.log(_sum(torch.exp(scaled - top), dim) / score.shape[dim]) + top.squeeze(dim)
    return eta.reshape(-1) * (kl + seed_average(log_mean))


def _sum(x: Tensor, dim: int) -> Tensor:
    return total(x) if dim in (-1, x.dim() - 1) else x.sum(dim)


def _detached(eta: Tensor | float, score: Tensor) -> Tensor | float:
    return per_seed(eta.detach() if isinstance(eta, Tensor) else eta, score)
