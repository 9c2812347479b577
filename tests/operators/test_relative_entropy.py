import math

import numpy as np
import pytest
import scipy.optimize
import torch
from torch.func import grad

from taxon.operators import relative_entropy
from taxon.operators.relative_entropy import absorbing, dual_value, solve_dual, start_features, value_advantage


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def close(actual, expected, atol=1e-6):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


# Two states, two actions, one row per (state, action): the next features are expected ones, weights the data's law.
P = tensor([[[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.7, 0.3]]])
PHI = tensor([[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]])
R = tensor([[0.0, 1.0, 2.0, 0.0]])
BASE = tensor([[8 / 34, 8 / 34, 9 / 34, 9 / 34]])
NEVER, START = torch.zeros_like(R), tensor([[0.5, 0.5]])


def posterior(delta, eta, base):
    weights = base * torch.exp((delta - delta.amax(-1, keepdim=True)) / eta.unsqueeze(-1))
    return weights / weights.sum(-1, keepdim=True)


def divergence(p, base):
    base = base / base.sum(-1, keepdim=True)
    return torch.where(p > 0, p * (p / base).log(), 0.0).sum(-1)


@pytest.mark.parametrize(
    ("kl", "eta", "difference", "first", "second", "dual"),
    [
        (0.1, 1.9223665, -0.401640, [0.407589, 0.592411], [0.714028, 0.285972], 1.1394180),
        (0.5, 0.8047566, -0.214777, [0.258114, 0.741886], [0.910934, 0.089066], 1.6074262),
    ],
)
def test_two_states_golden(kl, eta, difference, first, second, dual):
    found, v, delta = solve_dual(R, PHI, P, NEVER, START, BASE, kl, 1.0)
    close(found, [eta], 1e-5)
    close(v[:, 1] - v[:, 0], [difference], 1e-5)
    p = posterior(delta, found, BASE)
    close(p[0, :2] / p[0, :2].sum(), first, 1e-5)
    close(p[0, 2:] / p[0, 2:].sum(), second, 1e-5)
    exact = solve_dual(R, PHI, P, NEVER, START, BASE, kl, 1.0, ridge=0.0)
    p = posterior(exact[2], exact[0], BASE)
    close(dual_value(*exact[:2], R, PHI, P, NEVER, START, kl, 1.0, BASE), [dual], 1e-7)
    close((p * R).sum(-1), [dual], 1e-7)
    close(divergence(p, BASE), [kl], 1e-8)
    close((p @ (P - PHI)[0]), [[0.0, 0.0]], 1e-8)


def problem(seeds=3, n=300, size=7, terminate=0.1, dtype=torch.float64):
    g = torch.Generator().manual_seed(0)
    state = torch.randn(seeds, n, 3, generator=g)
    frequency = torch.randn(3, size, generator=g)
    following = 0.8 * state + 0.5 * torch.randn(seeds, n, 3, generator=g)
    terminated = (torch.rand(seeds, n, generator=g) < terminate).to(dtype)
    features, next_features = (torch.cos(x @ frequency).to(dtype) for x in (state, following))
    weights = torch.rand(seeds, n, generator=g).to(dtype)
    weights[:, -5:] = 0.0
    reward = -state.square().sum(-1).to(dtype)
    return reward, features, next_features, terminated, features[:, :20].mean(1), weights


@pytest.mark.parametrize(("gamma", "terminate"), [(1.0, 0.0), (0.9, 0.0), (0.9, 0.1)])
@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_strong_duality(gamma, terminate, scale):
    reward, features, next_features, terminated, start, weights = problem(terminate=terminate)
    reward = reward * scale
    data = (reward, features, next_features, terminated, start)
    eta, v, delta = solve_dual(*data, weights, 0.3, gamma, ridge=0.0)
    p = posterior(delta, eta, weights)
    # p is feasible and as good as the dual's bound on every feasible p: both are optimal.
    close(divergence(p, weights), [0.3] * 3, 1e-7)
    flow = gamma * (1 - terminated).unsqueeze(-1) * next_features - features + (1 - gamma) * start.unsqueeze(1)
    close((p.unsqueeze(-1) * flow).sum(1), torch.zeros(3, 7), 1e-7)
    bound = dual_value(eta, v, *data, 0.3, gamma, weights)
    close((p * reward).sum(-1) / scale, bound / scale, 1e-7)
    close(delta, value_advantage(v, *data[:4], gamma), 1e-9 * scale)
    assert (bound > (weights * reward).sum(-1) / weights.sum(-1)).all()


def test_scipy_finds_the_same_minimum():
    reward, features, next_features, terminated, start, weights = problem(1)
    eta, v, _ = solve_dual(reward, features, next_features, terminated, start, weights, 0.3, 0.9, ridge=0.0)
    r, phi, following, end, first, q = (
        x[0].numpy() for x in (reward, features, next_features, terminated, start, weights)
    )
    q = q / q.sum()

    def dual(x):
        delta = r + 0.9 * (1 - end) * (following @ x[1:]) - phi @ x[1:]
        top = delta.max()
        mean = np.sum(q * np.exp((delta - top) / x[0]))
        return x[0] * 0.3 + x[0] * np.log(mean) + top + 0.1 * first @ x[1:]

    found = scipy.optimize.minimize(
        dual, np.concatenate([[1.0], np.zeros(7)]), method="SLSQP", bounds=[(1e-3, None)] + 7 * [(None, None)],
        options={"ftol": 1e-14, "maxiter": 1000},
    )  # fmt: skip
    assert found.success
    mine = dual(np.concatenate([eta.numpy(), v[0].numpy()]))
    assert abs(mine - found.fun) < 1e-9
    assert mine <= found.fun + 1e-12
    close(torch.cat([eta, v[0]]), found.x, 2e-3)


def test_slopes_of_the_dual():
    reward, features, next_features, terminated, start, weights = problem(2)
    eta, v = tensor([0.7, 2.0]), torch.randn(2, 7, generator=torch.Generator().manual_seed(3), dtype=torch.float64)

    def dual(eta, v):
        return dual_value(eta, v, reward, features, next_features, terminated, start, 0.3, 0.9, weights).sum()

    to_eta, to_v = grad(dual, (0, 1))(eta, v)
    p = posterior(value_advantage(v, reward, features, next_features, terminated, 0.9), eta, weights)
    close(to_eta, 0.3 - divergence(p, weights), 1e-12)
    flow = 0.9 * (1 - terminated).unsqueeze(-1) * next_features - features + 0.1 * start.unsqueeze(1)
    close(to_v, (p.unsqueeze(-1) * flow).sum(1), 1e-12)


def test_without_a_value_it_is_the_temperature_of_a_bandit():
    # Q(a) = -(a - 2)^2 / 2 under N(0, 1), KL = .1: eta = 3.7868342, dual -1.6472052.
    action = torch.special.ndtri((torch.arange(200_001, dtype=torch.float64) + 0.5) / 200_001).unsqueeze(0)
    reward = -0.5 * (action - 2).square()
    nothing, one = torch.zeros(1, 200_001, 1, dtype=torch.float64), torch.ones_like(action)
    data = (reward, nothing, nothing, 0 * one, nothing[:, 0])
    eta, v, delta = solve_dual(*data, one, 0.1, 1.0)
    close(eta, [3.7868342], 3e-3)
    close(dual_value(eta, v, *data, 0.1, 1.0, one), [-1.6472052], 1e-4)
    assert not v.any()
    assert torch.equal(delta, reward)


def test_a_loose_bound_leaves_the_best_transition():
    eta, _, delta = solve_dual(R, 0 * PHI, 0 * P, NEVER, START, BASE, 5.0, 1.0)
    assert eta < 1e-6
    close(posterior(delta, eta, BASE), [[0.0, 0.0, 1.0, 0.0]], 1e-12)


def test_a_constant_reward_weighs_all_alike():
    eta, v, delta = solve_dual(0 * R + 3, PHI, P, NEVER, START, BASE, 0.1, 1.0)
    assert torch.isfinite(eta)
    close(v, [[0.0, 0.0]], 1e-6)
    close(delta, 0 * R + 3, 1e-6)


def test_the_ridge_bounds_an_infeasible_value():
    # A constant feature with gamma = 1 and one transition that ends: no p keeps the flow except without it.
    ones = torch.ones(1, 4, 1, dtype=torch.float64)
    terminated = tensor([[0.0, 0.0, 0.0, 1.0]])
    eta, v, _ = solve_dual(R, ones, ones, terminated, 0 * START[:, :1], torch.ones_like(R), 0.1, 1.0, ridge=1e-2)
    assert torch.isfinite(torch.cat([eta, v[0]])).all()
    assert v[0, 0] > 0


def test_padding_and_scale_of_the_weights_do_not_matter():
    reward, features, next_features, terminated, start, weights = problem()
    whole = solve_dual(reward, features, next_features, terminated, start, weights, 0.3, 0.9)
    cut = (x[:, :-5] for x in (reward, features, next_features, terminated))
    short = solve_dual(*cut, start, 8 * weights[:, :-5], 0.3, 0.9)
    close(whole[0], short[0], 1e-8)
    close(whole[2][:, :-5], short[2], 1e-6)


def test_a_nan_belongs_to_its_seed():
    data = problem(2)
    data[0][0, 3] = math.nan
    eta, v, delta = solve_dual(*data, 0.3, 0.9)
    assert eta[0].isnan()
    assert v[0].isnan().all()
    assert torch.isfinite(torch.cat([eta[1:], v[1], delta[1]])).all()


def test_a_seed_alone_equals_itself_among_others_even_without_gradients():
    data = problem(3, 401, dtype=torch.float32)
    with torch.no_grad():
        together = solve_dual(*data, 0.3, 0.99)
    values = dual_value(*together[:2], *data[:5], 0.3, 0.99, data[5])
    for k in range(3):
        one = [x[k : k + 1].clone() for x in data]
        alone = solve_dual(*one, 0.3, 0.99)
        assert all(torch.equal(a[k : k + 1], b) for a, b in zip(together, alone, strict=True))
        assert torch.equal(values[k : k + 1], dual_value(*alone[:2], *one[:5], 0.3, 0.99, one[5]))


def test_what_follows_a_termination():
    """One state, reward 1 in every step; action 0 goes on, action 1 ends it: the start is drawn anew with 1 - gamma.

    With the share x of the real steps that end it the flow demands p_real = (1 - gamma) / (1 - gamma (1 - x)), so
    E_p[r] = p_real grows as x falls: the bound decides how far. The best p on a grid must be the dual's.
    """
    gamma, kl = 0.9, 0.05
    reward, ones = tensor([[1.0, 1.0]]), torch.ones(1, 2, 1, dtype=torch.float64)
    rows = absorbing(reward, ones, ones, tensor([[0.0, 1.0]]), torch.ones(1, 2, dtype=torch.float64), gamma)
    *columns, counted = rows
    close(counted, [[1.0, 1.0, 9.0]])
    eta, _, delta = solve_dual(*columns, ones[:, 0], counted, kl, gamma, ridge=0.0)
    p = posterior(delta, eta, counted)
    x = torch.linspace(1e-4, 1 - 1e-4, 200_001, dtype=torch.float64)
    real = (1 - gamma) / (1 - gamma * (1 - x))
    each = torch.stack([real * (1 - x), real * x, 1 - real], -1)
    within = divergence(each, counted / counted.sum()) <= kl
    best = real[within].max()
    close((p * columns[0]).sum(-1), [best], 1e-4)
    assert p[0, 0] / p[0, 1] > 1.0


def test_start_features():
    features = tensor([[[1.0, 0.0], [3.0, 2.0], [5.0, 4.0], [9.0, 9.0]]]).expand(2, -1, -1)
    begins, valid = tensor([[1, 0, 1, 0], [0, 0, 0, 0]]), tensor([[1, 1, 1, 0], [1, 1, 0, 0]])
    close(start_features(features, begins, valid), [[3.0, 2.0], [2.0, 1.0]])


def test_features_that_are_always_zero_change_nothing():
    reward, features, next_features, terminated, start, weights = problem(2)
    data = (reward, features, next_features, terminated, start, weights)
    padded = [
        torch.cat([x, torch.zeros(*x.shape[:-1], 200, dtype=x.dtype)], -1) for x in (features, next_features, start)
    ]
    found = solve_dual(reward, padded[0], padded[1], terminated, padded[2], weights, 0.3, 0.9)
    for a, b in zip(solve_dual(*data, 0.3, 0.9)[::2], found[::2], strict=True):
        close(a, b, 1e-6)


def test_rounding_is_not_worth_the_bound():
    """Where every transition is equally good but for rounding, the weights stay the data's."""
    q = torch.full((400,), 1 / 400, dtype=torch.float64)
    delta = 1e-11 * torch.randn(400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    eta = relative_entropy._temperature(delta, q, 0.5)
    p = posterior(delta.unsqueeze(0), eta.unsqueeze(0), q.unsqueeze(0))
    assert divergence(p, q.unsqueeze(0)).item() < 1e-6
