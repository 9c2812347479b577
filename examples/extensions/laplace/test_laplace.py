"""The distribution against torch.distributions, in float64."""

import torch
from taxon_laplace.operators import laplace_entropy, laplace_kl, laplace_log_prob, laplace_sample
from torch.distributions import Laplace, Normal, kl_divergence

GENERATOR = torch.Generator().manual_seed(0)


def drawn() -> tuple[torch.Tensor, torch.Tensor]:
    shape = (3, 5, 4)
    return torch.randn(shape, generator=GENERATOR).double(), torch.rand(shape, generator=GENERATOR).double() + 0.1


def test_densities_entropies_and_divergences() -> None:
    one, other, (value, _) = drawn(), drawn(), drawn()
    torch.testing.assert_close(laplace_log_prob(*one, value), Laplace(*one).log_prob(value).sum(-1))
    torch.testing.assert_close(laplace_entropy(one[1]), Laplace(*one).entropy().sum(-1))
    wanted = kl_divergence(Laplace(*one), Laplace(*other)).sum(-1)
    torch.testing.assert_close(laplace_kl(*one, *other), wanted)
    assert torch.equal(laplace_kl(*one, *one), torch.zeros(3, 5, dtype=torch.float64))


def test_a_draw_has_the_quantile_of_its_noise() -> None:
    (location, spread), (noise, _) = drawn(), drawn()
    location.requires_grad_()
    action = laplace_sample(location, spread, noise)
    torch.testing.assert_close(Laplace(location, spread).cdf(action), Normal(0.0, 1.0).cdf(noise))
    (gradient,) = torch.autograd.grad(action.sum(), location)
    assert torch.equal(gradient, torch.ones_like(gradient))


def test_the_tails_are_finite() -> None:
    """Of what float32 draws of a normal: none of 2^53 lies beyond 9."""
    ends = laplace_sample(torch.zeros(2), torch.ones(2), torch.tensor([-9.0, 9.0]))
    assert torch.isfinite(ends).all()
    assert ends[0] == -ends[1]
