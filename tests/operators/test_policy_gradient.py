import math

import torch
from torch.func import grad

from taxon.operators.distributions import normal_log_prob
from taxon.operators.divergences import normal_kl
from taxon.operators.functional import seed_average
from taxon.operators.policy_gradient import (
    adapt_coefficient,
    approximate_kl,
    clip_fraction,
    clipped_surrogate,
    surrogate,
    valid_average,
)


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def close(actual, expected, atol=1e-12):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


def test_at_the_old_policy_all_forms_are_the_policy_gradient():
    g = torch.Generator().manual_seed(0)
    action = torch.randn(2, 9, 3, generator=g, dtype=torch.float64)
    mean, log_std = torch.randn(2, 2, 9, 3, generator=g, dtype=torch.float64)
    advantage = torch.randn(2, 9, generator=g, dtype=torch.float64)
    old = normal_log_prob(mean, log_std.exp(), action)

    def slopes(loss):
        return grad(
            lambda m, s: loss(normal_log_prob(m, s.exp(), action), normal_kl(mean, log_std.exp(), m, s.exp())).sum(),
            (0, 1),
        )(mean, log_std)

    expected = slopes(lambda log_prob, _: -(log_prob * advantage).mean(-1))
    for loss in (
        lambda log_prob, _: surrogate(log_prob, old, advantage),
        lambda log_prob, _: clipped_surrogate(log_prob, old, advantage, 0.2),
        lambda log_prob, kl: surrogate(log_prob, old, advantage) + 3.0 * seed_average(kl),
    ):
        for actual, reference in zip(slopes(loss), expected, strict=True):
            close(actual, reference)
    close(surrogate(old, old, advantage), -advantage.mean(-1))
    close(clipped_surrogate(old, old, advantage, 0.2), -advantage.mean(-1))


def test_clipping_by_hand():
    ratio = tensor([[1.5, 1.5, 0.5, 0.5, 1.1]])
    advantage = tensor([[1.0, -1.0, 1.0, -1.0, 2.0]])
    old = tensor([[-0.3, 0.2, 0.0, 1.0, -2.0]])
    log_prob = old + ratio.log()
    close(surrogate(log_prob, old, advantage), [-(1.5 - 1.5 + 0.5 - 0.5 + 2.2) / 5])
    close(clipped_surrogate(log_prob, old, advantage, 0.2), [-(1.2 - 1.5 + 0.5 - 0.8 + 2.2) / 5])
    slope = grad(lambda x: clipped_surrogate(x, old, advantage, 0.2).sum())(log_prob)
    close(slope, [[0.0, 1.5 / 5, -0.5 / 5, 0.0, -2.2 / 5]])
    slope = grad(lambda x: surrogate(x, old, advantage).sum())(log_prob)
    close(slope, -ratio * advantage / 5)


def test_the_approximate_kl_is_the_divergence_in_expectation_and_its_second_order_nearby():
    """Over all of a fine grid, weighed by the old density, against the closed form; and by hand."""
    old_mean, old_std = tensor([[0.3]]), tensor([[0.8]])
    mean, std = tensor([[0.5]]), tensor([[0.7]])
    grid = torch.linspace(-12, 12, 40_001, dtype=torch.float64).reshape(1, -1, 1)
    old, new = (normal_log_prob(m, s, grid) for m, s in ((old_mean, old_std), (mean, std)))
    mass = old.exp() * (24 / 40_000)
    each = torch.cat([approximate_kl(n.reshape(1, 1), o.reshape(1, 1)) for n, o in zip(new[0], old[0], strict=True)])
    close((each * mass[0]).sum(), normal_kl(old_mean, old_std, mean, std)[0], 1e-6)
    ratio, before = tensor([[2.0, 0.5, 1.0], [1.1, 0.9, 1.0]]), tensor([[-1.0, 0.0, 3.0], [0.4, -0.4, 0.0]])
    expected = [(1 - math.log(2) - 0.5 + math.log(2)) / 3, -math.log(1.1 * 0.9) / 3]
    close(approximate_kl(before + ratio.log(), before), expected)
    close(approximate_kl(before, before), [0.0, 0.0])
    step = 1e-4 * tensor([[1.0, -2.0, 3.0]])
    close(approximate_kl(step, 0 * step), 0.5 * step.square().mean(-1), 1e-11)


def test_the_clip_fraction_counts_what_the_clipped_surrogate_holds():
    ratio, old = tensor([[1.25, 0.75, 1.15, 0.85], [1.0, 3.0, 1.0, 1.0]]), tensor([[-1.0, 0.0, 2.0, 1.0]] * 2)
    log_prob = old + ratio.log()
    close(clip_fraction(log_prob, old, 0.2), [0.5, 0.25])
    held = sum(grad(lambda x, a=a: clipped_surrogate(x, old, a, 0.2).sum())(log_prob) == 0 for a in (old**0, -(old**0)))
    close(held.double().mean(-1), clip_fraction(log_prob, old, 0.2))


def test_what_is_reported_of_a_ratio_is_finite_and_carries_no_gradient():
    far, old = torch.tensor([[500.0, -500.0]]), torch.zeros(1, 2)
    assert torch.isfinite(approximate_kl(far, old)).all()
    assert clip_fraction(far, old, 0.2).item() == 1
    assert not grad(lambda x: (approximate_kl(x, old) + clip_fraction(x, old, 0.2)).sum())(far / 100).any()


def test_only_the_new_policy_carries_a_gradient():
    log_prob, old, advantage = tensor([[[0.1, -0.2]], [[0.0, 0.3]], [[1.0, 2.0]]])
    for loss in (surrogate, lambda *x: clipped_surrogate(*x, 0.2)):
        assert all(not slope.any() for slope in grad(lambda *x, f=loss: f(*x).sum(), (1, 2))(log_prob, old, advantage))


def test_the_penalised_step_of_a_gaussian_bandit():
    # With A = g (a - mu0) and a fixed std the surrogate is g (mu - mu0), its penalised maximiser mu0 + g std^2 / beta.
    g, std, beta, start = 0.7, tensor([0.5]), 2.0, 0.3
    noise = torch.special.ndtri((torch.arange(200_001, dtype=torch.float64) + 0.5) / 200_001)
    action = (start + std * noise).reshape(1, -1, 1)
    old = normal_log_prob(tensor([start]), std, action)
    advantage = g * (action.squeeze(-1) - start)

    def loss(mean):
        divergence = normal_kl(tensor([start]), std, mean, std)
        return (surrogate(normal_log_prob(mean, std, action), old, advantage) + beta * divergence).sum()

    close(grad(loss)(tensor([start + g * 0.25 / beta])), [0.0], 1e-4)
    assert grad(loss)(tensor([start])) < -0.1


def test_invalid_entries_do_not_count():
    log_prob, old, advantage = tensor([[[0.1, -0.2, 0.4]], [[0.0, 0.3, 0.1]], [[1.0, 2.0, -1.0]]])
    valid = tensor([[1.0, 0.0, 1.0]])
    kept = [0, 2]
    shorter = (log_prob[:, kept], old[:, kept], advantage[:, kept])
    close(surrogate(log_prob, old, advantage, valid), surrogate(*shorter))
    close(clipped_surrogate(log_prob, old, advantage, 0.05, valid), clipped_surrogate(*shorter, 0.05))
    assert not grad(lambda x: surrogate(x, old, advantage, valid).sum())(log_prob)[0, 1]
    assert grad(lambda x: surrogate(x, old, advantage, valid).sum())(log_prob)[0, 0] < 0


def test_valid_average():
    x = tensor([[1.0, 2.0, 6.0], [4.0, 5.0, 9.0], [1.0, 1.0, 1.0]])
    valid = tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    close(valid_average(x, valid), [1.5, 9.0, 0.0])
    close(valid_average(x, None), [3.0, 6.0, 1.0])


def test_coefficient_table():
    coefficient = tensor([3.0, 3.0, 3.0, 3.0, 3.0])
    kl = tensor([0.016, 0.0066, 0.012, 0.0151, 0.0067])
    close(adapt_coefficient(coefficient, kl, 0.01, 1.5, 2.0), [6.0, 1.5, 3.0, 6.0, 3.0])
    close(adapt_coefficient(tensor([1.0]), tensor([0.021]), 0.01, 2.0, 1.5), [1.5])
    assert not grad(lambda c, k: adapt_coefficient(c, k, 0.01, 1.5, 2.0).sum(), 1)(coefficient, kl).any()
