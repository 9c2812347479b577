"""The non-parametric policy as weights: f(G / eta) at the support, and the dual that sets eta.

S seeds, M sampled actions, B batch. `eta` is a float or a tensor [S] (or a row [S, 1]). Weights carry no gradient:
they are targets of the weighted likelihood, not a path to the critic or to eta.
"""

import math

import torch
from torch import Tensor

from taxon.operators.functional import average, over_states, per_seed, spread, sum_over, total


def softmax_weights(score: Tensor, eta: Tensor | float, dim: int, mask: Tensor | None = None) -> Tensor:
    """w = exp(score / eta) / sum over `dim` of the same, detached: [S, ...] -> [S, ...].

    dim = 1 on [S, M, B] is the per-state posterior (Abdolmaleki et al. 2018b, Eq. 8), dim = -1 on [S, B] one over the
    batch. Entries with `mask` 0 (shaped like the score) get no weight and take no part in the sum.
    """
    raised, _ = _exponentials(score, _detached(eta, score), dim, mask)
    return normalise_weights(raised, dim)


def batch_weights(score: Tensor, eta: Tensor | float, mask: Tensor | None = None) -> Tensor:
    """w = B softmax(score / eta) over the batch, detached: [S, B] -> [S, B], mean one (Nair et al. 2020, code).

    With a `mask` [S, B] B is the number of entries it keeps: their mean is one, the others' weight zero.
    """
    count = score.shape[-1] if mask is None else total(mask).unsqueeze(-1)
    return count * softmax_weights(score, eta, -1, mask)


def categorical_weights(log_prior: Tensor, score: Tensor, eta: Tensor | float) -> Tensor:
    """q(a) = p(a) exp(score_a / eta) / Z over the enumerated actions, detached: [S, B, A], [S, B, A] -> [S, B, A]."""
    return softmax_weights(log_prior.detach() + score.detach() / _detached(eta, score), 1.0, -1)


def importance_weights(score: Tensor, eta: Tensor | float, log_ratio: Tensor) -> Tensor:
    """w = softmax_M(score / eta + log_ratio), detached: [S, M, B] each -> [S, M, B] (Lavington et al. 2021).

    Self-normalised weights of actions drawn from a proposal, log_ratio = log pi_p - log proposal: the posterior pi_p
    exp(score / eta) / Z by them. Where the proposal is pi_p itself they are `softmax_weights`.
    """
    return softmax_weights(score.detach() / _detached(eta, score) + log_ratio.detach(), 1.0, 1)


def effective_share(weights: Tensor) -> Tensor:
    """1 / (M sum_m w_m^2), averaged over states: [S, M, B] -> [S] in [1 / M, 1], detached.

    The effective sample size of normalised weights over the number of actions (Kong et al. 1994).
    """
    weights = weights.detach()
    return average(1 / (weights.shape[1] * weights.square().sum(1)))


def exponential(score: Tensor, eta: Tensor | float) -> Tensor:
    """w = exp(score / eta), detached: [S, ...] -> [S, ...]."""
    return torch.exp(score.detach() / _detached(eta, score))


def group_weights(total: Tensor, log_prob: Tensor, eta: Tensor | float, valid: Tensor) -> Tensor:
    """omega = softmax_K(total / eta - log_prob): self-normalised importance weights, detached (Nachum et al. 2017).

    G groups of K episodes that begin in the same state: undiscounted returns, log-probabilities of all the episode's
    actions, and `valid` 0/1, all [S, G, K] -> [S, G, K]. An episode that is not valid has no weight.
    """
    return softmax_weights(total.detach() / _detached(eta, total) - log_prob.detach(), 1.0, -1, valid)


def underappreciated_score(total: Tensor, omega: Tensor, eta: Tensor | float, bonus: float, valid: Tensor) -> Tensor:
    """R + bonus eta K omega minus its mean over the valid members of the group, detached (Nachum et al. 2017).

    All [S, G, K] -> [S, G, K]; K is the number of valid members, and who is not valid scores zero. It multiplies the
    episode's log-probability; bonus = 0 leaves the policy gradient with the group's mean return as its baseline.
    """
    count = sum_over(valid, -1).unsqueeze(-1).clamp(min=1.0)
    score = total.detach() + bonus * _detached(eta, total) * count * omega.detach()
    baseline = sum_over(score * valid, -1).unsqueeze(-1) / count
    return (score - baseline) * valid


def clip_weights(weights: Tensor, clip: float) -> Tensor:
    """w = min(w, clip), elementwise."""
    return weights.clamp(max=clip)


def exponential_weights(score: Tensor, eta: Tensor | float, clip: float) -> Tensor:
    """w = min(exp(score / eta), clip), detached: [S, ...] -> [S, ...] (Peng et al. 2019).

    Where the exponential overflows to infinity the minimum is the clip, and no gradient is there to become NaN.
    """
    return clip_weights(exponential(score, eta), clip)


def indicator(score: Tensor) -> Tensor:
    """w = 1 where score >= 0, otherwise 0, detached: elementwise (Wang et al. 2020, who leave zero out)."""
    return (score >= 0).to(score.dtype)


def rectified(score: Tensor) -> Tensor:
    """w = max(score, 0), detached: elementwise (Oh et al. 2018)."""
    return torch.relu(score.detach())


def normalise_weights(weights: Tensor, dim: int) -> Tensor:
    """Non-negative weights divided by their sum over `dim`, detached; a row that is all zero stays zero."""
    weights = weights.detach()
    mass = sum_over(weights, dim).unsqueeze(dim)
    return weights / torch.where(mass == 0, torch.ones_like(mass), mass)


def mean_one(weights: Tensor, mask: Tensor | None = None) -> Tensor:
    """Non-negative weights divided by their mean over the batch, detached: [S, B] -> [S, B]; all zero stays zero.

    With a `mask` [S, B] it is the mean of the entries it keeps, and the others' weight is zero.
    """
    if mask is None:
        return weights.shape[-1] * normalise_weights(weights, -1)
    return total(mask).unsqueeze(-1) * normalise_weights(weights.detach().masked_fill(mask == 0, 0.0), -1)


def top_half(score: Tensor, mask: Tensor | None = None) -> Tensor:
    """1 for the int(B / 2) largest scores of a batch, at least one, and for those that tie with the last: [S, B].

    Zero for the others (Song et al. 2020). With a `mask` [S, B] B is the number of entries it keeps, at least one.
    """
    score = score.detach()
    if mask is None:
        least = score.topk(max(score.shape[-1] // 2, 1), -1).values[..., -1:]
        return (score >= least).to(score.dtype)
    last = ((total(mask) // 2).clamp(min=1) - 1).long().unsqueeze(-1)
    least = score.masked_fill(mask == 0, -math.inf).sort(-1, descending=True).values.gather(-1, last)
    return (score >= least).to(score.dtype) * mask


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


def temperature_dual(
    score: Tensor, eta: Tensor, kl: float, dim: int, mask: Tensor | None = None, states: Tensor | None = None
) -> Tensor:
    """g(eta) = eta [kl + mean log mean_dim exp(score / eta)], the outer mean over the remaining axes: -> [S].

    Minimised by eta it holds KL(weights || support) to `kl` on average; its slope is kl - KL. The score is detached.
    With dim = 1 on [S, M, B] the mean over states stands outside the logarithm (Abdolmaleki et al. 2018b, Eq. 9,
    as Hoffman et al. 2020 implement it); with dim = -1 on [S, B] there is one logarithm for the batch (Peters et al.
    2010). With a `mask` shaped like the score the inner mean is over the entries it keeps (Song et al. 2020);
    it must keep one along `dim`. With `states` [S, B] the outer mean is over the states where it is 1.
    """
    raised, top = _exponentials(score, spread(eta, score), dim, mask)
    count = score.shape[dim] if mask is None else sum_over(mask, dim)
    log_mean = torch.log(sum_over(raised, dim) / count)
    return eta.reshape(-1) * (kl + over_states(log_mean, states)) + over_states(top.squeeze(dim), states)


def categorical_dual(log_prior: Tensor, score: Tensor, eta: Tensor, kl: float, states: Tensor | None = None) -> Tensor:
    """g(eta) = eta [kl + mean_B log sum_a p(a) exp(score_a / eta)] over enumerated actions: [S, B, A] -> [S].

    `log_prior` [S, B, A] is normalised; it and the score are detached. The slope is kl - mean_B KL(q || p) with q the
    categorical weights: the dual above with its expectation over p exact. `states` as there.
    """
    score = score.detach()
    best = score.amax(-1, keepdim=True)
    raised = log_prior.detach() + (score - best) / spread(eta, score)
    top = raised.detach().amax(-1, keepdim=True)
    log_sum = torch.log(total(torch.exp(raised - top))) + top.squeeze(-1)
    return eta.reshape(-1) * (kl + over_states(log_sum, states)) + over_states(best.squeeze(-1), states)


def weights_kl(weights: Tensor, dim: int, mask: Tensor | None = None, states: Tensor | None = None) -> Tensor:
    """KL(q || pi_p) for actions that pi_p drew: sum_dim w log(w M), the mean over the remaining axes: -> [S].

    M is the length of the axis `dim`, or the number of the entries that `mask` keeps; the weights are normalised over
    `dim` first. The slope of `temperature_dual` at the temperature of the weights is kl less this; `states` as there.
    """
    weights = normalise_weights(weights, dim)
    count = weights.shape[dim] if mask is None else sum_over(mask, dim).unsqueeze(dim)
    return over_states(sum_over(_times_log(weights, weights * count), dim), states)


def categorical_weights_kl(weights: Tensor, log_prior: Tensor, states: Tensor | None = None) -> Tensor:
    """KL(q || pi_p) over enumerated actions, mean_B sum_a w_a (log w_a - log p_a): [S, B, A] each -> [S].

    With `states` [S, B] the mean is over the states where it is 1.
    """
    weights = normalise_weights(weights, -1)
    return over_states(total(_times_log(weights, weights) - weights * log_prior.detach()), states)


def _times_log(weights: Tensor, x: Tensor) -> Tensor:
    """w log x, zero where w and x are."""
    return weights * torch.log(x.clamp(min=torch.finfo(x.dtype).tiny))


def _exponentials(score: Tensor, eta: Tensor | float, dim: int, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """exp((score - top) / eta), zero where `mask` is, and top: the largest kept score, whose axis `dim` stays.

    The score is detached, and its largest entry leaves before the division: quotients by a small eta are so large that
    float32 holds neither their differences nor, in the slope of a dual, what is left of them.
    """
    score = score.detach()
    kept = score if mask is None else score.masked_fill(mask == 0, -math.inf)
    top = kept.amax(dim, keepdim=True)
    top = top.masked_fill(top == -math.inf, 0.0)  # nothing is kept
    scaled = (score - top) / eta
    return torch.exp(scaled if mask is None else scaled.masked_fill(mask == 0, -math.inf)), top


def _detached(eta: Tensor | float, score: Tensor) -> Tensor | float:
    return per_seed(eta.detach() if isinstance(eta, Tensor) else eta, score)
