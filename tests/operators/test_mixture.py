"""Mixtures against torch.distributions' MixtureSameFamily, in float64."""

import math

import pytest
import torch
from scipy import stats
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal
from torch.func import grad

from taxon.operators.distributions import normal_log_prob, normal_sample
from taxon.operators.full_covariance import full_log_prob
from taxon.operators.mixture import mixture_log_prob, mixture_mode, mixture_sample


def close(actual, expected, atol=1e-12):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=1e-12)


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def parts(*leading, components=4, actions=3):
    logits, mean = 2 * draw(*leading, components), draw(*leading, components, actions, seed=1)
    return logits, mean, torch.exp(0.5 * draw(*leading, components, actions, seed=2))


def theirs(logits, mean, std):
    return MixtureSameFamily(Categorical(logits=logits), Independent(Normal(mean, std), 1))


def ours(logits, mean, std, value):
    return mixture_log_prob(logits, normal_log_prob(mean, std, value.unsqueeze(-2)))


def test_against_torch_distributions():
    logits, mean, std = parts(2, 7)
    value = draw(2, 7, 3, seed=3)
    close(ours(logits, mean, std, value), theirs(logits, mean, std).log_prob(value))
    many = draw(2, 5, 7, 3, seed=4)  # several actions at a state
    close(
        ours(logits.unsqueeze(1), mean.unsqueeze(1), std.unsqueeze(1), many),
        theirs(logits.unsqueeze(1), mean.unsqueeze(1), std.unsqueeze(1)).log_prob(many),
    )


def test_full_covariances():
    logits, mean, _ = parts(2, 7)
    scale = torch.tril(draw(2, 7, 4, 3, 3, seed=5), -1) + torch.diag_embed(torch.exp(draw(2, 7, 4, 3, seed=6)))
    value = draw(2, 7, 3, seed=3)
    expected = MixtureSameFamily(Categorical(logits=logits), MultivariateNormal(mean, scale_tril=scale))
    close(mixture_log_prob(logits, full_log_prob(mean, scale, value.unsqueeze(-2))), expected.log_prob(value), 1e-10)


def test_gradients():
    logits, mean, std = parts(3)
    value = draw(3, 3, seed=3)
    leaves = tuple(part.clone().requires_grad_() for part in (logits, mean, std, value))
    assert torch.autograd.gradcheck(ours, leaves)
    assert torch.autograd.gradgradcheck(ours, leaves)


def test_far_from_every_component():
    logits, mean, std = (
        torch.zeros(2).double(),
        torch.tensor([[0.0], [1.0]]).double(),
        torch.full((2, 1), 1e-3).double(),
    )
    value = torch.tensor([50.0]).double()
    close(ours(logits, mean, std, value), theirs(logits, mean, std).log_prob(value))
    assert torch.isfinite(grad(lambda m: ours(logits, m, std, value))(mean)).all()


def test_one_component_has_no_other_weight():
    _, mean, std = parts(5, components=1)
    value = draw(5, 3, seed=3)
    close(ours(draw(5, 1), mean, std, value), normal_log_prob(mean.squeeze(1), std.squeeze(1), value))


def test_the_component_is_where_the_cumulated_weights_exceed_a_uniform_number():
    logits, draws, noise = draw(4000, 5), draw(4000, 5, 2, seed=1), draw(4000, 2, seed=2)
    u = torch.exp(-noise.square().sum(-1) / 2)
    weights = logits.softmax(-1)
    for i in range(4000):
        k, cumulated = 0, weights[i, 0].item()
        while u[i] >= cumulated and k < 4:
            k += 1
            cumulated += weights[i, k].item()
        assert torch.equal(mixture_sample(logits[i], draws[i], noise[i]), draws[i, k])


def test_the_last_component_takes_what_rounding_leaves():
    logits, draws = torch.zeros(3), torch.arange(3.0).unsqueeze(-1)
    assert mixture_sample(logits, draws, torch.zeros(2)).item() == 2.0  # u = 1


def test_draws_follow_the_distribution():
    """The weights, and Kolmogorov and Smirnov's distance of a marginal, at what one draw in 1e5 exceeds."""
    n = 200_000
    logits = torch.tensor([0.2, -1.0, 1.0]).double()
    mean, std = torch.tensor([[-2.0], [0.0], [1.5]]).double(), torch.tensor([[0.3], [1.0], [0.5]]).double()
    noise = draw(n, 3, seed=7)
    x = mixture_sample(logits, normal_sample(mean, std, noise[..., 2:].unsqueeze(-2)), noise[..., :2]).squeeze(-1)
    weights = logits.softmax(-1)

    def cdf(value):
        return sum(
            w.item() * stats.norm(m.item(), s.item()).cdf(value) for w, m, s in zip(weights, mean, std, strict=True)
        )

    assert stats.kstest(x.numpy(), cdf).statistic < 2.47 / math.sqrt(n)
    law = theirs(logits, mean, std)
    assert abs((x.mean() - law.mean).item()) < 5 * law.variance.sqrt().item() / math.sqrt(n)


def test_the_mode_is_the_mean_of_the_likeliest_component():
    logits, mean, _ = parts(6, 2)
    expected = torch.gather(mean, -2, logits.argmax(-1)[..., None, None].expand(6, 2, 1, 3)).squeeze(-2)
    assert torch.equal(mixture_mode(logits, mean), expected)
    assert torch.equal(mixture_mode(torch.zeros(3), torch.arange(3.0).unsqueeze(-1) + 1), torch.ones(1))


def test_no_gradient_passes_a_draw():
    logits, mean, std = parts(6)
    noise = draw(6, 5, seed=8)

    def total(a, m):
        return mixture_sample(a, normal_sample(m, std, noise[..., 2:].unsqueeze(-2)), noise[..., :2]).sum()

    assert not any(slope.any() for slope in grad(total, (0, 1))(logits, mean))


@pytest.mark.parametrize("n", [1, 7, 33, 256])
def test_a_seed_alone_equals_itself_among_others(n):
    logits, mean, std = (part.float() for part in parts(5, n, components=3))
    value, noise = draw(5, n, 3, seed=3).float(), draw(5, n, 5, seed=4).float()

    def everything(w, m, s, x, z):
        drawn = mixture_sample(w, normal_sample(m, s, z[..., 2:].unsqueeze(-2)), z[..., :2])
        slopes = grad(lambda *p: ours(*p, x).sum(), (0, 1, 2))(w, m, s)
        return [ours(w, m, s, x), drawn, mixture_mode(w, m), *slopes]

    together = everything(logits, mean, std, value, noise)
    for k in range(5):
        alone = everything(*(part[k : k + 1].clone() for part in (logits, mean, std, value, noise)))
        assert all(torch.equal(a[k : k + 1], b) for a, b in zip(together, alone, strict=True))
