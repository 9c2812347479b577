"""Losses of a policy from importance ratios on stored actions, and the coefficient of their penalty.

S seeds, B batch. Averages are over the entries with `valid` 1, over all of them without `valid`.
"""

import torch
from torch import Tensor

from taxon.operators.functional import average, total

# The coefficient of a penalty: from 0 or infinity no factor would lead back.
LEAST_COEFFICIENT = 1e-8
MOST_COEFFICIENT = 1e8

MOST_LOG_RATIO = 20.0  # what is reported of a ratio is that of 5e8 at most: a number to look at stays finite


def surrogate(log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, valid: Tensor | None = None) -> Tensor:
    """-mean_B ratio A with ratio = pi(a|s) / pi_old(a|s): [S, B] each -> [S] (Schulman et al. 2015, Eq. 14).

    Only `log_prob` carries a gradient; at the old policy it is the policy gradient's.
    """
    return -valid_average(_ratio(log_prob, old_log_prob) * advantage.detach(), valid)


def clipped_surrogate(
    log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, clip: float, valid: Tensor | None = None
) -> Tensor:
    """-mean_B min(ratio A, clamp(ratio, 1 - clip, 1 + clip) A): [S, B] each -> [S] (Schulman et al. 2017b, Eq. 7).

    Only `log_prob` carries a gradient; none passes where the ratio has left the interval in the advantage's direction.
    """
    advantage = advantage.detach()
    ratio = _ratio(log_prob, old_log_prob)
    return -valid_average(torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage), valid)


def approximate_kl(log_prob: Tensor, old_log_prob: Tensor) -> Tensor:
    """mean_B [(r - 1) - log r], r = pi(a|s) / pi_old(a|s): [S, B] each -> [S], detached (Schulman 2020, k3).

    At actions of pi_old an unbiased estimate of KL(pi_old || pi), and never negative. log r is cut at 20.
    """
    log_ratio = (log_prob.detach() - old_log_prob.detach()).clamp(max=MOST_LOG_RATIO)
    return average(torch.exp(log_ratio) - 1 - log_ratio)


def clip_fraction(log_prob: Tensor, old_log_prob: Tensor, clip: float) -> Tensor:
    """The share of the batch with |r - 1| > clip, r = pi(a|s) / pi_old(a|s): [S, B] each -> [S], detached."""
    ratio = _ratio(log_prob.detach(), old_log_prob)
    return average(((ratio - 1).abs() > clip).to(ratio.dtype))


def valid_average(x: Tensor, valid: Tensor | None) -> Tensor:
    """Mean over the last axis of the entries with `valid` 1, zero where there is none: [..., B] -> [...]."""
    return average(x) if valid is None else total(x * valid) / total(valid).clamp(min=1.0)


def adapt_coefficient(coefficient: Tensor, kl: Tensor, target: float, tolerance: float, factor: float) -> Tensor:
    """Multiply by `factor` where kl > tolerance target, divide where kl < target / tolerance: [S], [S] -> [S].

    The penalty's coefficient after the updates of a round (Schulman et al. 2017b, Section 4), within [1e-8, 1e8].
    """
    raised = torch.where(kl > tolerance * target, coefficient * factor, coefficient)
    return (
        torch.where(kl < target / tolerance, coefficient / factor, raised)
        .clamp(LEAST_COEFFICIENT, MOST_COEFFICIENT)
        .detach()
    )


def _ratio(log_prob: Tensor, old_log_prob: Tensor) -> Tensor:
    return torch.exp(log_prob - old_log_prob.detach())
