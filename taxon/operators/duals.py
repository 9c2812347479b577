"""Lagrange multipliers: positive parameters, and the duals [S] that they minimise."""

from torch import Tensor

from taxon.operators.functional import seed_average, softplus

FLOOR = -18.0  # softplus(-18) = exp(-18) = 1.5e-8: far below it no step of float32 leads back
SHIFT = 1e-8


def positive(raw: Tensor) -> Tensor:
    """softplus(raw) + 1e-8, elementwise: a multiplier from its free parameter."""
    return softplus(raw) + SHIFT


def project(raw: Tensor) -> Tensor:
    """max(raw, -18), elementwise: the free parameter of `positive` after its step (Hoffman et al. 2020, code).

    The parameter itself is held, not what is read of it, so that there is a gradient at the floor. A step of Adam is
    the rate times g / (|g| + 1e-8) there, g = 1.5e-8 (epsilon - KL): a multiplier comes back from the floor in no more
    updates than it took to fall, as long as its constraint is broken by as much as it was met by.
    """
    return raw.clamp(min=FLOOR)


def project_log(raw: Tensor) -> Tensor:
    """raw within [-18, 18], elementwise: the logarithm of a multiplier in [1.5e-8, 6.6e7] after its step."""
    return raw.clamp(FLOOR, -FLOOR)


def lagrange_dual(multiplier: Tensor, epsilon: float, kl: Tensor) -> Tensor:
    """sum over the last axis of multiplier * (epsilon - kl), kl detached: [S, D], [S, D] -> [S].

    Minimised by the multiplier: it rises while kl > epsilon (Abdolmaleki et al. 2018b). D is 1 or one per dimension.
    """
    return (multiplier * (epsilon - kl.detach())).sum(-1)


def entropy_dual(eta: Tensor, log_prob: Tensor, target_entropy: float) -> Tensor:
    """-eta mean [log pi + target entropy], log pi detached: eta [S] or [S, 1], log_prob [S, ..., B] -> [S].

    Stationary where the entropy -mean log pi meets its target (Haarnoja et al. 2018b, Eq. 18). The gradient with
    respect to log eta carries the factor eta.
    """
    return -eta.reshape(-1) * seed_average(log_prob.detach() + target_entropy)
