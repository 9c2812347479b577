"""Beta distributions on the box against torch.distributions, in float64 but where a test says otherwise."""

import math

import pytest
import torch
from scipy import stats
from scipy.special import polygamma
from torch.distributions import AffineTransform, Beta, TransformedDistribution, kl_divergence
from torch.func import grad, hessian

from taxon.operators.beta import (
    MARGIN,
    NORMALS,
    PROPOSALS,
    beta_entropy,
    beta_kl,
    beta_log_prob,
    beta_mean,
    beta_sample,
    digamma,
    gamma_sample,
    log_gamma,
)


def close(actual, expected, atol=1e-12, rtol=1e-12):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=rtol)


def concentrations(*shape, seed=0, largest=6.0):
    """Above 1, as the head gives them."""
    draw = torch.rand(2, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return 1 + torch.expm1(largest * draw[0]), 1 + torch.expm1(largest * draw[1])


def theirs(concentration1, concentration0):
    """The distribution of the action: x scaled from (0, 1) to (-1, 1)."""
    return TransformedDistribution(Beta(concentration1, concentration0), AffineTransform(-1.0, 2.0))


def test_gamma_functions():
    x = torch.cat([torch.logspace(-3, 5, 400, dtype=torch.float64), torch.tensor([1.0, 2.0]).double()])
    close(log_gamma(x), torch.lgamma(x), atol=2e-14, rtol=2e-15)
    close(digamma(x), torch.digamma(x), atol=2e-13, rtol=2e-14)
    close(grad(lambda y: log_gamma(y).sum())(x), torch.digamma(x), atol=1e-12, rtol=1e-13)
    close(grad(lambda y: digamma(y).sum())(x), polygamma(1, x.numpy()), atol=1e-12, rtol=1e-12)
    single = x.float()
    close(log_gamma(single), torch.lgamma(single.double()), atol=4e-6, rtol=4e-6)


def test_against_torch_distributions():
    old, new = concentrations(2, 3, 7, 5), concentrations(2, 3, 7, 5, seed=1)
    action = 2 * torch.rand(2, 3, 7, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 1
    close(beta_log_prob(*old, action), theirs(*old).log_prob(action).sum(-1), atol=1e-10)
    close(beta_entropy(*old), (Beta(*old).entropy() + math.log(2)).sum(-1), atol=1e-11)
    close(beta_kl(*old, *new), kl_divergence(Beta(*old), Beta(*new)).sum(-1), atol=1e-10)
    close(beta_mean(*old), 2 * Beta(*old).mean - 1)


def test_gradients():
    old, new = concentrations(4, 3, largest=3.0), concentrations(4, 3, seed=1, largest=3.0)
    action = 1.8 * torch.rand(4, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 0.9
    leaves = tuple(part.clone().requires_grad_() for part in new)
    assert torch.autograd.gradcheck(lambda *p: beta_log_prob(*p, action), leaves)
    assert torch.autograd.gradcheck(lambda *p: beta_entropy(*p), leaves)
    assert torch.autograd.gradcheck(lambda *p: beta_kl(*old, *p), leaves)
    assert torch.autograd.gradcheck(lambda *p: beta_kl(*p, *old), leaves)
    assert torch.autograd.gradgradcheck(lambda *p: beta_kl(*old, *p), leaves)  # what a natural gradient takes


def test_the_divergence_is_flat_at_the_old_policy_and_curves_by_the_fisher_matrix():
    old1, old0 = torch.tensor([2.5]).double(), torch.tensor([4.0]).double()
    close(beta_kl(old1, old0, old1, old0), 0.0)
    close(grad(lambda a: beta_kl(old1, old0, a, old0))(old1), torch.zeros(1))
    trigamma = polygamma(1, 2.5) - polygamma(1, 6.5)
    close(hessian(lambda a: beta_kl(old1, old0, a, old0))(old1)[0], [trigamma], atol=1e-11)


def test_uniform_where_both_are_one():
    one = torch.ones(3, 2, dtype=torch.float64)
    close(beta_log_prob(one, one, torch.tensor([0.3, -0.8]).double()), [-2 * math.log(2)] * 3)
    close(beta_entropy(one, one), [2 * math.log(2)] * 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_action_at_the_edge_of_the_box_has_a_finite_density(dtype):
    first, second = torch.tensor([[5.0, 1.0]], dtype=dtype), torch.tensor([[2.0, 300.0]], dtype=dtype)
    for edge in (-1.0, 1.0, -1.5, 2.0):
        action = torch.full((1, 2), edge, dtype=dtype)
        assert torch.isfinite(beta_log_prob(first, second, action)).all()
        slope = grad(lambda a, action=action: beta_log_prob(a, second, action).sum())(first)
        assert torch.isfinite(slope).all()
    noise = torch.randn(20_000, NORMALS, 2, generator=torch.Generator().manual_seed(0)).to(dtype)
    action = beta_sample(torch.tensor([1.0, 1e5], dtype=dtype), torch.tensor([1e5, 1.0], dtype=dtype), noise)
    assert action.min() >= -1 + MARGIN
    assert action.max() <= 1 - MARGIN


@pytest.mark.parametrize(("first", "second"), [(1.0, 1.0), (1.5, 4.0), (30.0, 2.0), (1000.0, 700.0)])
def test_draws_follow_the_distribution(first, second):
    """Moments, and Kolmogorov and Smirnov's distance on 200,000 draws below what one such sample in 1e5 exceeds."""
    n = 200_000
    noise = torch.randn(n, NORMALS, 1, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    action = beta_sample(torch.tensor([first]).double(), torch.tensor([second]).double(), noise)
    x = (action.squeeze(-1) + 1) / 2
    law = stats.beta(first, second)
    assert stats.kstest(x.numpy(), law.cdf).statistic < 2.47 / math.sqrt(n)
    assert abs(x.mean().item() - law.mean()) < 5 * law.std() / math.sqrt(n)
    assert x.var().item() == pytest.approx(law.var(), rel=0.02)


def test_a_gamma_draw_is_the_first_accepted_proposal():
    """A loop over the proposals, one number at a time."""
    g = torch.Generator().manual_seed(4)
    alpha = torch.tensor([1.0, 1.3, 2.0, 9.0]).double()
    noise = torch.randn(500, 3 * PROPOSALS, 4, generator=g, dtype=torch.float64)
    ours = gamma_sample(alpha, noise)
    later = 0
    for i in range(len(noise)):
        for j, a in enumerate(alpha.tolist()):
            d = a - 1 / 3
            for k in range(PROPOSALS):
                z, one, other = (noise[i, k + m * PROPOSALS, j].item() for m in range(3))
                v = (1 + z / math.sqrt(9 * d)) ** 3
                if v > 0 and -(one**2 + other**2) / 2 < z**2 / 2 + d * (1 - v + math.log(v)):
                    later += k > 0
                    break
            else:
                pytest.fail("no proposal is accepted")
            close(ours[i, j], d * v)
    assert later > 20
    whole = 3 * PROPOSALS
    refused = torch.full((whole, 1), -9.0, dtype=torch.float64)  # below where v is positive: none is accepted
    assert torch.isfinite(gamma_sample(torch.ones(1).double(), refused)).all()


def test_no_gradient_passes_a_draw():
    noise = torch.randn(5, NORMALS, 2, generator=torch.Generator().manual_seed(0))
    slope = grad(lambda a: beta_sample(a, torch.full((2,), 3.0), noise).sum())(torch.full((2,), 2.0))
    assert not slope.any()


@pytest.mark.parametrize("n", [1, 7, 33, 256])
def test_a_seed_alone_equals_itself_among_others(n):
    g = torch.Generator().manual_seed(5)
    first, second = (1 + torch.rand(5, n, 3, generator=g) * 8 for _ in range(2))
    action = 2 * torch.rand(5, n, 3, generator=g) - 1
    noise = torch.randn(5, n, NORMALS, 3, generator=g)

    def everything(a, b, x, z):
        slopes = [grad(lambda p, f=f: f(p).sum())(a) for f in (
            lambda p: beta_log_prob(p, b, x), lambda p: beta_entropy(p, b), lambda p: beta_kl(b, a, p, b))]  # fmt: skip
        values = [beta_sample(a, b, z), beta_log_prob(a, b, x), beta_entropy(a, b), beta_kl(b, a, a, b)]
        return [*values, beta_mean(a, b), *slopes]

    together = everything(first, second, action, noise)
    for k in range(5):
        alone = everything(*(part[k : k + 1].clone() for part in (first, second, action, noise)))
        assert all(torch.equal(a[k : k + 1], b) for a, b in zip(together, alone, strict=True))
