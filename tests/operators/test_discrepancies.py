import pytest
import torch
from torch.func import grad

from taxon.operators.discrepancies import gaussian_mmd, laplacian_mmd, rooted

X = torch.tensor([[0, 0], [1, 0], [0, 1]], dtype=torch.float64)
Y = torch.tensor([[0.5, 0.5], [1, 1], [2, 0]], dtype=torch.float64)


def close(actual, expected, atol=1e-6):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


@pytest.mark.parametrize(
    ("mmd", "known"),
    [(laplacian_mmd, (0.542660, 0.205721, 0.147242)), (gaussian_mmd, (0.531839, 0.252964, 0.184299))],
)
def test_known_discrepancies(mmd, known):
    """As BEAR's code computes them, by three widths."""
    for width, expected in zip((1, 10, 20), known, strict=True):
        close(rooted(mmd(X[None, :], Y[None, :], width)), [expected])


def test_known_gradient_without_a_root():
    """As BRAC's code computes it, exp(-|.|_1 / 20)."""
    close(laplacian_mmd(X[None], Y[None], 10), [0.0423203], 1e-7)
    slope = grad(lambda y: laplacian_mmd(X[None], y, 10).sum())(Y[None])
    close(slope, [[[0.0311922, 0.0110847], [0.0201075, 0.0], [0.0100789, 0.0105441]]], 1e-7)


@pytest.mark.parametrize("mmd", [laplacian_mmd, gaussian_mmd])
def test_against_a_loop_over_pairs(mmd):
    """Sets of different sizes, seeds and states apart."""
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(2, 4, 3, 2, generator=draw, dtype=torch.float64)
    y = torch.randn(2, 5, 3, 2, generator=draw, dtype=torch.float64)

    def kernel(a, b):
        apart = float((a - b).abs().sum() if mmd is laplacian_mmd else (a - b).square().sum())
        return 2.718281828459045 ** (-apart / (2 * 1.7))

    def mean(a, b):
        return sum(kernel(one, other) for one in a for other in b) / (len(a) * len(b))

    found = mmd(x, y, 1.7)
    assert found.shape == (2, 3)
    for s in range(2):
        for b in range(3):
            one, other = x[s, :, b], y[s, :, b]
            close(found[s, b], mean(one, one) + mean(other, other) - 2 * mean(one, other), 1e-12)


@pytest.mark.parametrize("mmd", [laplacian_mmd, gaussian_mmd])
def test_equal_samples_are_no_distance_apart(mmd):
    """The root's slope stays finite there."""
    close(mmd(X[None], X[None], 1.0), [0.0], 1e-15)
    assert torch.isfinite(grad(lambda y: rooted(mmd(X[None], y, 1.0)).sum())(X[None])).all()
