"""A step within a trust region: natural gradient by conjugate gradients, then a line search (Schulman et al. 2015).

Every seed has its own dot products, so one call serves all of them, and nothing is read back to the host.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from taxon.operators.functional import total


def conjugate_gradient(
    product: Callable[[Tensor], Tensor], b: Tensor, iterations: int, tolerance: float = 1e-10
) -> Tensor:
    """x with H x = b for a symmetric positive definite H given by its products: [S, P] -> [S, P].

    `product` maps [S, P] to [S, P] seed by seed (Hestenes & Stiefel 1952). A seed stops where |b - H x|^2 is at most
    `tolerance` |b|^2, or where H has no curvature along its direction; a NaN in b or H comes out as NaN.
    """
    x = torch.zeros_like(b)
    residual = direction = b
    size = start = total(b.square())
    for _ in range(iterations):
        curved = product(direction)
        curvature = total(direction * curved)
        stays = (size <= tolerance * start) | (curvature <= 0)
        length = torch.where(stays, 0.0, size / torch.where(stays, 1.0, curvature)).unsqueeze(-1)
        x = x + length * direction
        residual = residual - length * curved
        following = total(residual.square())
        ratio = torch.where(stays, 0.0, following / torch.where(stays, 1.0, size)).unsqueeze(-1)
        direction = residual + ratio * direction
        size = following
    return x


def natural_step(x: Tensor, product_of_x: Tensor, kl: float) -> Tensor:
    """sqrt(2 kl / (x.Hx + 1e-8)) x, where the divergence's quadratic model meets `kl`: [S, P], [S, P] -> [S, P].

    (Schulman et al. 2015, Appendix C.)
    """
    return (2 * kl / (total(x * product_of_x) + 1e-8)).sqrt().unsqueeze(-1) * x


def line_search(
    evaluate: Callable[[Tensor], tuple[Tensor, Tensor]],
    start: Tensor,
    step: Tensor,
    gain0: Tensor,
    kl: float,
    shrink: float,
    tries: int,
) -> tuple[Tensor, Tensor]:
    """The longest start + shrink^j step, j < tries, whose divergence is at most `kl` and whose gain is not lower.

    start, step [S, P]; `evaluate` maps parameters [S, P] to (gain [S], divergence [S]); gain0 [S] is the gain at the
    start. -> (parameters [S, P], the fraction of the step taken [S]); a seed without such a point keeps its start and
    has fraction 0, and so does one whose gains are NaN.
    """
    parameters, fraction = start, torch.zeros_like(gain0)
    for j in range(tries):
        candidate = start + shrink**j * step
        gain, divergence = evaluate(candidate)
        first = (divergence <= kl) & (gain >= gain0) & (fraction == 0)
        parameters = torch.where(first.unsqueeze(-1), candidate, parameters)
        fraction = torch.where(first, shrink**j, fraction)
    return parameters, fraction
