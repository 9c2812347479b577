"""Lagrange multipliers: positive parameters, and the duals [S] that they minimise."""

from torch import Tensor

from taxon.operators.functional import average, softplus

FLOOR = -18.0  # softplus(-18) = 1.5e-8: below it the gradient vanishes in float32
SHIFT = 1e-8


def positive(raw: Tensor) -> Tensor:
    """softplus(max(raw, -18)) + 1e-8, elementwise: a multiplier from its free parameter."""
    return softplus(raw.clamp(min=FLOOR)) + SHIFT


def lagrange_dual(multiplier: Tensor, epsilon: float, kl: Tensor) -> Tensor:
    """sum over the last axis of multiplier * (epsilon - kl), kl detached: [S, D], [S, D] -> [S].

    Minimised by the multiplier: it rises while kl > epsilon (Abdolmaleki et al. 2018b). D is 1 or one per dimension.
    """
    return (multiplier * (epsilon - kl.detach())).sum(-1)


def entropy_dual(eta: Tensor, log_prob: Tensor, target_entropy: float) -> Tensor:
    """-eta mean_B [log pi + target entropy], log pi detached: eta [S] or [S, 1], log_prob [S, B] -> [S].

    Stationary where the entropy -mean log pi meets its target (Haarnoja et al. 2018b, Eq. 18). The gradient with
    respect to log eta carries the factor eta.
    """
    return -eta.reshape(-1) * average(log_prob.detach() + target_entropy)
