"""Losses per seed, and how much of its target a fit explains.

Sum losses over S before differentiating: the seeds' parameters are disjoint.
"""

from torch import Tensor

from taxon.operators.functional import average, over_states


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """1/2 mean over the last axis of (prediction - target)^2, summed over the ensemble: [S, E, B] or [S, B] -> [S].

    `target` [S, B] is shared by the ensemble and carries no gradient.
    """
    target = target.detach()
    if prediction.dim() > target.dim():
        target = target.unsqueeze(1)
    error = 0.5 * average((prediction - target).square())
    return error.sum(1) if error.dim() > 1 else error


def explained_variance(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - Var[target - prediction] / Var[target] over the last axis: [S, B] each -> [S] in [-1, 1], detached.

    1 where the target is predicted up to a constant, 0 where the prediction is as good as a constant. What is worse
    than -1 counts as -1; a variance of the target below 1e-8 counts as that, so that equal targets have a value, too.
    """
    target = target.detach()
    unexplained = _variance(target - prediction.detach()) / _variance(target).clamp(min=1e-8)
    return (1 - unexplained).clamp(min=-1.0)


def _variance(x: Tensor) -> Tensor:
    return average((x - average(x).unsqueeze(-1)).square())


def weighted_likelihood(weights: Tensor, log_prob: Tensor, states: Tensor | None = None) -> Tensor:
    """-mean_B sum_m w_m log pi(a_m|s) on [S, M, B], or -mean_B w log pi(a|s) on [S, B]: -> [S]; weights detached.

    With `states` [S, B] the mean is over the states where it is 1.
    """
    weighted = weights.detach() * log_prob
    return -over_states(weighted.sum(1) if weighted.dim() == 3 else weighted, states)
