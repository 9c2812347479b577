import torch
from torch.distributions import MultivariateNormal, kl_divergence
from torch.func import grad

from taxon.operators.distributions import normal_entropy, normal_log_prob
from taxon.operators.divergences import kl_mean, kl_std, normal_kl
from taxon.operators.full_covariance import (
    deviations,
    full_entropy,
    full_kl,
    full_kl_cov,
    full_kl_mean,
    full_log_prob,
    full_sample,
)

OLD_MEAN, NEW_MEAN = torch.tensor([[0.0, 1.0], [0.1, 0.8]], dtype=torch.float64)
OLD_SCALE = torch.tensor([[0.5, 0.0], [0.2, 1.0]], dtype=torch.float64)
NEW_SCALE = torch.tensor([[0.4, 0.0], [0.3, 1.2]], dtype=torch.float64)


def close(actual, expected, atol=1e-12):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


def random_case(*shape, size, seed=0):
    g = torch.Generator().manual_seed(seed)
    mean = torch.randn(*shape, size, generator=g, dtype=torch.float64)
    scale = 0.3 * torch.randn(*shape, size, size, generator=g, dtype=torch.float64).tril(-1)
    return mean, scale + torch.diag_embed(0.5 + torch.rand(*shape, size, generator=g, dtype=torch.float64))


def test_divergence_golden():
    close(full_kl_mean(OLD_MEAN, OLD_SCALE, NEW_MEAN), 0.0488)
    close(full_kl_mean(OLD_MEAN, NEW_SCALE, NEW_MEAN), 0.0575087, 1e-7)
    close(full_kl_cov(OLD_SCALE, NEW_SCALE), 0.0982839, 1e-7)
    close(full_kl(OLD_MEAN, OLD_SCALE, NEW_MEAN, NEW_SCALE), 0.0575087 + 0.0982839, 2e-7)


def test_against_torch_distributions():
    for size in (1, 2, 5, 9):
        (old_mean, old_scale), (mean, scale) = (random_case(3, 4, size=size, seed=seed) for seed in (0, 1))
        old = MultivariateNormal(old_mean, scale_tril=old_scale)
        new = MultivariateNormal(mean, scale_tril=scale)
        noise = torch.randn(3, 4, size, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        value = full_sample(mean, scale, noise)
        close(value, mean + torch.einsum("sbij,sbj->sbi", scale, noise))
        close(full_log_prob(mean, scale, value), new.log_prob(value), 1e-10)
        close(full_entropy(scale), new.entropy(), 1e-10)
        close(full_kl(old_mean, old_scale, mean, scale), kl_divergence(old, new), 1e-10)
        same_scale, same_mean = (
            MultivariateNormal(mean, scale_tril=old_scale),
            MultivariateNormal(old_mean, scale_tril=scale),
        )
        close(full_kl_mean(old_mean, old_scale, mean), kl_divergence(old, same_scale), 1e-10)
        close(full_kl_cov(old_scale, scale), kl_divergence(old, same_mean), 1e-10)


def test_gradients_against_torch_distributions():
    (old_mean, old_scale), (mean, scale) = (random_case(2, 3, size=4, seed=seed) for seed in (0, 1))
    value = mean + 1

    def check(ours, theirs):
        leaves = (mean.clone().requires_grad_(), scale.clone().requires_grad_())
        theirs(MultivariateNormal(leaves[0], scale_tril=leaves[1])).sum().backward()
        slopes = grad(lambda m, s: ours(m, s).sum(), (0, 1))(mean, scale)
        close(slopes[0], leaves[0].grad, 1e-9)
        close(slopes[1], leaves[1].grad.tril(), 1e-9)

    old = MultivariateNormal(old_mean, scale_tril=old_scale)
    check(lambda m, s: full_log_prob(m, s, value), lambda new: new.log_prob(value))
    check(lambda m, s: full_kl(old_mean, old_scale, m, s), lambda new: kl_divergence(old, new))


def test_divergences_are_flat_at_the_old_policy():
    mean, scale = random_case(2, 3, size=4)
    close(grad(lambda m: full_kl_mean(mean, scale, m).sum())(mean), torch.zeros(2, 3, 4))
    close(grad(lambda s: full_kl_cov(scale, s).sum())(scale), torch.zeros(2, 3, 4, 4), 1e-12)


def test_a_diagonal_scale_is_the_diagonal_family():
    g = torch.Generator().manual_seed(0)
    old_mean, mean, value = torch.randn(3, 2, 5, 3, generator=g, dtype=torch.float64)
    old_std, std = torch.randn(2, 2, 5, 3, generator=g, dtype=torch.float64).exp()
    old_scale, scale = torch.diag_embed(old_std), torch.diag_embed(std)
    close(full_log_prob(mean, scale, value), normal_log_prob(mean, std, value), 1e-9)
    close(full_entropy(scale), normal_entropy(std))
    close(full_kl(old_mean, old_scale, mean, scale), normal_kl(old_mean, old_std, mean, std), 1e-9)
    close(full_kl_mean(old_mean, old_scale, mean), kl_mean(old_mean, old_std, mean).sum(-1), 1e-9)
    close(full_kl_cov(old_scale, scale), kl_std(old_std, std).sum(-1), 1e-9)


def test_an_axis_of_samples_broadcasts():
    mean, scale = random_case(2, 5, size=3)
    noise = torch.randn(2, 4, 5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    sample = full_sample(mean.unsqueeze(1), scale.unsqueeze(1), noise)
    log_prob = full_log_prob(mean.unsqueeze(1), scale.unsqueeze(1), sample)
    assert log_prob.shape == (2, 4, 5)
    for m in range(4):
        close(sample[:, m], full_sample(mean, scale, noise[:, m]))
        close(log_prob[:, m], full_log_prob(mean, scale, sample[:, m]))


def test_samples_have_the_covariance():
    noise = torch.randn(400_000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    sample = full_sample(OLD_MEAN, OLD_SCALE, noise)
    close(sample.mean(0), OLD_MEAN, 0.01)
    close(torch.cov(sample.T), OLD_SCALE @ OLD_SCALE.T, 0.01)


def test_deviations_are_the_roots_of_the_covariances_diagonal():
    scale = torch.randn(2, 5, 4, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64).tril()
    variance = (scale @ scale.mT).diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(deviations(scale), variance.sqrt(), atol=1e-14, rtol=0)
