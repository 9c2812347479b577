"""Value functions read from networks with one output."""

import torch
from torch import Tensor

from taxon.networks.mlp import Mlp, ensemble_apply


def action_values(network: Mlp, flat: Tensor, observation: Tensor, action: Tensor) -> Tensor:
    """Q(s, a) of every member: flat [S, E, P], observation [S, B, O], action [S, ..., B, A] -> [S, E, ..., B].

    Axes of the action between the seed and the batch (sampled actions [S, M, B, A]) share their observation.
    """
    extra = action.dim() - observation.dim()
    observation = observation.reshape(observation.shape[:1] + (1,) * extra + observation.shape[1:])
    observation = observation.expand(*action.shape[:-1], observation.shape[-1])
    return ensemble_apply(network, flat, torch.cat([observation, action], -1)).squeeze(-1)


def state_values(network: Mlp, flat: Tensor, observation: Tensor) -> Tensor:
    """V(s): flat [S, P], observation [S, ..., O] -> [S, ...]."""
    return network.apply(flat, observation).squeeze(-1)
