"""The maximum mean discrepancy of two sets of samples (Gretton et al. 2012): what separates them, without a density.

S seeds, M samples of the one, N of the other, A dimensions; a mean is over all pairs, a sample with itself included.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def laplacian_mmd(x: Tensor, y: Tensor, width: float) -> Tensor:
    """The square of the discrepancy, k(a, b) = exp(-|a - b|_1 / (2 width)): [S, M, ..., A], [S, N, ..., A] -> [S, ...].

    mean k(x, x') + mean k(y, y') - 2 mean k(x, y) (Kumar et al. 2019, Eq. 4).
    """
    return _squared(x, y, lambda apart: torch.exp(-apart.abs().sum(-1) / (2 * width)))


def gaussian_mmd(x: Tensor, y: Tensor, width: float) -> Tensor:
    """The same by k(a, b) = exp(-|a - b|^2 / (2 width)): [S, M, ..., A], [S, N, ..., A] -> [S, ...]."""
    return _squared(x, y, lambda apart: torch.exp(-apart.square().sum(-1) / (2 * width)))


def rooted(squared: Tensor) -> Tensor:
    """The discrepancy of its square, with 1e-6 under the root, whose slope at 0 is infinite (Kumar et al. 2019)."""
    return torch.sqrt(squared + 1e-6)


def _squared(x: Tensor, y: Tensor, kernel: Callable[[Tensor], Tensor]) -> Tensor:
    def mean(a: Tensor, b: Tensor) -> Tensor:
        return kernel(a.unsqueeze(2) - b.unsqueeze(1)).mean((1, 2))

    return mean(x, x) + mean(y, y) - 2 * mean(x, y)
