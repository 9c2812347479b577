"""Losses per seed. Sum them over S before differentiating: the seeds' parameters are disjoint."""

from torch import Tensor

from taxon.operators.functional import average


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """1/2 mean over the last axis of (prediction - target)^2, summed over the ensemble: [S, E, B] or [S, B] -> [S].

    `target` [S, B] is shared by the ensemble and carries no gradient.
    """
    target = target.detach()
    if prediction.dim() > target.dim():
        target = target.unsqueeze(1)
    error = 0.5 * average((prediction - target).square())
    return error.sum(1) if error.dim() > 1 else error


def weighted_likelihood(weights: Tensor, log_prob: Tensor) -> Tensor:
    """-mean_B sum_m w_m log pi(a_m|s) on [S, M, B], or -mean_B w log pi(a|s) on [S, B]: -> [S]; weights detached."""
    weighted = weights.detach() * log_prob
    return -average(weighted.sum(1) if weighted.dim() == 3 else weighted)
