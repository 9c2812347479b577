"""Categorical distributions over A actions, as functions of logits; actions are one-hot rows on the last axis.

The fused softmax kernels are left out: their last bits depend on what else is in the batch.
"""

import torch
from torch import Tensor


def log_probabilities(logits: Tensor) -> Tensor:
    """log softmax over the last axis: [..., A] -> [..., A]."""
    shifted = logits - logits.detach().amax(-1, keepdim=True)
    return shifted - torch.log(torch.exp(shifted).sum(-1, keepdim=True))


def categorical_sample(logits: Tensor, uniform: Tensor) -> Tensor:
    """One-hot sample by the Gumbel-max trick (Maddison et al. 2014), for noise in [0, 1): [..., A], shapes broadcast.

    No gradient passes.
    """
    # A draw of exactly zero would exclude its action, and a row of zeros would always choose the first.
    uniform = uniform.clamp(min=torch.finfo(uniform.dtype).tiny)
    return mode(logits.detach() - torch.log(-torch.log(uniform)))


def categorical_log_prob(logits: Tensor, one_hot: Tensor) -> Tensor:
    """log pi(a) of one-hot actions, shapes broadcast: [..., A], [..., A] -> [...]."""
    return (log_probabilities(logits) * one_hot).sum(-1)


def categorical_entropy(logits: Tensor) -> Tensor:
    """-sum_a pi(a) log pi(a) in nats: [..., A] -> [...]."""
    log_pi = log_probabilities(logits)
    return -(torch.exp(log_pi) * log_pi).sum(-1)


def categorical_kl(old_logits: Tensor, new_logits: Tensor) -> Tensor:
    """KL(old || new) = sum_a pi_old(a) [log pi_old(a) - log pi_new(a)] in nats: [..., A], [..., A] -> [...]."""
    log_old = log_probabilities(old_logits)
    return (torch.exp(log_old) * (log_old - log_probabilities(new_logits))).sum(-1)


def mode(logits: Tensor) -> Tensor:
    """One-hot of the likeliest action, the first of equals: [..., A] -> [..., A]. No gradient passes."""
    likeliest = logits.detach().argmax(-1, keepdim=True)
    return (likeliest == torch.arange(logits.shape[-1], device=logits.device)).to(logits.dtype)
