"""The weight function, for emitted modules."""

from torch import Tensor


def powered(score: Tensor, p: float) -> Tensor:
    """w = max(score, 0)^p, detached: elementwise."""
    return score.detach().clamp(min=0) ** p
