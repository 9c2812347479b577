"""Returns made into positive weights, where the policy improves by the logarithm of a return. All detached."""

import math

import torch
from torch import Tensor

from taxon.operators.functional import total

LEAST_COST = 1e-8


def adaptive_weights(value: Tensor, beta: Tensor, valid: Tensor | None = None) -> Tensor:
    """u = beta exp(-beta c) at the cost c = max - value + 1e-8: value [S, n], beta [S] -> [S, n].

    The transform of Peters & Schaal 2007 (Section 4.1), written for a cost. The maximum is over entries with `valid`
    1; the others get weight 0.
    """
    rate = beta.detach().reshape(-1, 1)
    weights = rate * torch.exp(-rate * _cost(value, valid))
    return weights if valid is None else weights.where(valid > 0, 0.0)


def adapt_beta(weights: Tensor, value: Tensor, valid: Tensor | None = None) -> Tensor:
    """beta' = sum w / sum w c, maximiser of sum w (log beta' - beta' c) for fixed weights: [S, n], [S, n] -> [S]."""
    weights = weights.detach()
    cost = _cost(value, valid)
    if valid is not None:
        weights, cost = weights.where(valid > 0, 0.0), cost.where(valid > 0, 0.0)
    return total(weights) / total(weights * cost)


def shifted(value: Tensor, valid: Tensor | None = None) -> Tensor:
    """value - min over entries with `valid` 1, which is >= 0; the other entries are 0: [S, n] -> [S, n]."""
    value = value.detach()
    if valid is None:
        return value - value.amin(-1, keepdim=True)
    low = value.where(valid > 0, math.inf).amin(-1, keepdim=True)
    return (value - low).where(valid > 0, 0.0)


def positive_weights(value: Tensor) -> Tensor:
    """The value as weight; NaN where it is negative and has no logarithm, so that the seed is reported: elementwise."""
    value = value.detach()
    return value.where(value >= 0, math.nan)


def _cost(value: Tensor, valid: Tensor | None) -> Tensor:
    value = value.detach()
    inside = value if valid is None else value.where(valid > 0, -math.inf)
    return inside.amax(-1, keepdim=True) - value + LEAST_COST
