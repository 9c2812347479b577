"""Mixtures of K distributions over the same actions, as functions of the logits of their weights [..., K].

What a component has of its own comes as an argument: its log-density [..., K], its draw or its mean [..., K, A].
"""

import torch
from torch import Tensor

from taxon.operators.categorical import log_probabilities


def mixture_log_prob(logits: Tensor, log_prob: Tensor) -> Tensor:
    """log sum_k w_k pi_k(a), w = softmax(logits), for log pi_k(a): [..., K], [..., K] -> [...]; shapes broadcast."""
    joint = log_probabilities(logits) + log_prob
    largest = joint.detach().amax(-1, keepdim=True)
    return torch.log(torch.exp(joint - largest).sum(-1)) + largest.squeeze(-1)


def mixture_sample(logits: Tensor, draws: Tensor, noise: Tensor) -> Tensor:
    """The draw of one component: [..., K], [..., K, A], standard normal noise [..., 2] -> [..., A]; detached.

    The component is the first whose cumulated weight exceeds u = exp(-|noise|^2 / 2), which is uniform (Box and
    Muller 1958). No gradient passes: a choice has none.
    """
    weights = torch.exp(log_probabilities(logits.detach()))
    u = torch.exp(-0.5 * (noise[..., :1].square() + noise[..., 1:].square()))
    # the last weight is what the others leave, whatever rounding makes of their sum
    before = (u >= weights.cumsum(-1)[..., :-1]).to(weights.dtype).sum(-1, keepdim=True)
    chosen = before == torch.arange(weights.shape[-1], device=weights.device)
    return torch.where(chosen.unsqueeze(-1), draws.detach(), 0.0).sum(-2)


def mixture_mode(logits: Tensor, means: Tensor) -> Tensor:
    """The mean of the likeliest component, the first of equals: [..., K], [..., K, A] -> [..., A]."""
    likeliest = logits.detach().argmax(-1, keepdim=True)
    chosen = likeliest == torch.arange(logits.shape[-1], device=logits.device)
    return torch.where(chosen.unsqueeze(-1), means, 0.0).sum(-2)
