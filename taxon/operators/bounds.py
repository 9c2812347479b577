"""Costs of actions and means outside the box [-1, 1]."""

import torch
from torch import Tensor

from taxon.operators.functional import over_states


def out_of_bounds_cost(action: Tensor) -> Tensor:
    """-||a - clip(a, -1, 1)||_2 over the last axis: [..., A] -> [...], zero inside the box.

    A second objective beside the critic's (Abdolmaleki et al. 2020). It scores samples and carries no gradient.
    """
    action = action.detach()
    return -(action - action.clamp(-1.0, 1.0)).square().sum(-1).sqrt()


def bound_loss(mean: Tensor, states: Tensor | None = None) -> Tensor:
    """1/2 mean_B sum_d [max(-1 - mu, 0)^2 + max(mu - 1, 0)^2]: [S, B, A] -> [S] (Peng et al. 2019, code).

    With `states` [S, B] the mean is over the states where it is 1.
    """
    excess = torch.relu(-1 - mean).square() + torch.relu(mean - 1).square()
    return 0.5 * over_states(excess.sum(-1), states)
