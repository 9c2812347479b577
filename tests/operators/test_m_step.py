import math

import pytest
import torch
from torch.func import grad

from taxon.operators.distributions import normal_log_prob
from taxon.operators.losses import weighted_likelihood
from taxon.operators.m_step import (
    exploration_deviation,
    fit_softmax,
    weighted_covariance,
    weighted_least_squares,
    weighted_variance,
    with_constant,
)

S, N, FEATURES, ACTIONS = 3, 200, 4, 2


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def close(actual, expected, atol=1e-6):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


def draws(seed=0, dtype=torch.float64, n=N):
    g = torch.Generator().manual_seed(seed)
    features = torch.randn(S, n, FEATURES, generator=g).to(dtype)
    targets = torch.randn(S, n, ACTIONS, generator=g).to(dtype) + features[..., :ACTIONS]
    return features, targets, torch.rand(S, n, generator=g).to(dtype)


def test_identical_weights_are_ordinary_regression():
    features, targets, _ = draws()
    theta = weighted_least_squares(features, targets, 3 * torch.ones(S, N), 0.0)
    close(theta, torch.linalg.lstsq(with_constant(features), targets).solution, 1e-12)


def test_integer_weights_are_repetitions():
    features, targets, _ = draws()
    times = torch.arange(N) % 4
    repeated = (x.repeat_interleave(times, 1) for x in (features, targets))
    expected = weighted_least_squares(*repeated, torch.ones(S, int(times.sum())), 0.1)
    close(weighted_least_squares(features, targets, times.expand(S, N), 0.1), expected, 1e-12)


def test_the_fit_is_stationary_and_the_ridge_spares_the_bias():
    features, targets, weights = draws()

    def loss(theta):
        error = (targets - with_constant(features) @ theta).square().sum(-1)
        return ((weights * error).sum(-1) / weights.sum(-1) + 0.3 * theta[:, :-1].square().sum((1, 2))).sum()

    theta = weighted_least_squares(features, targets, weights, 0.3)
    close(grad(loss)(theta), torch.zeros_like(theta), 1e-12)
    close(weighted_least_squares(features, targets, 1e-6 * weights, 0.3), theta, 1e-12)
    moved = weighted_least_squares(features, targets + 100, weights, 0.3)
    close(moved - theta, torch.nn.functional.pad(torch.zeros_like(theta[:, 1:]), (0, 0, 0, 1), value=100.0), 1e-9)


def test_the_fit_is_the_maximum_of_the_weighted_likelihood():
    # A long run of gradient descent on the same weights would end here.
    features, targets, weights = draws()
    theta = weighted_least_squares(features, targets, weights, 0.0)
    variance = weighted_variance(targets, with_constant(features) @ theta, weights)

    def loss(theta, std):
        log_prob = normal_log_prob(with_constant(features) @ theta, std.unsqueeze(1), targets)
        return weighted_likelihood(weights, log_prob).sum()

    for slope in grad(loss, (0, 1))(theta, variance.sqrt()):
        close(slope, torch.zeros_like(slope), 1e-12)


def test_weights_may_belong_to_an_action():
    features, targets, weights = draws()
    both = torch.stack([weights, weights.flip(-1)], -1)
    theta = weighted_least_squares(features, targets, both, 0.1)
    close(theta[..., :1], weighted_least_squares(features, targets[..., :1], weights, 0.1), 1e-12)
    close(theta[..., 1:], weighted_least_squares(features, targets[..., 1:], weights.flip(-1), 0.1), 1e-12)


def test_moments_golden():
    targets, weights = tensor([[[0.0], [1.0], [2.0]]]), tensor([[1.0, 2.0, 1.0]])
    mean = weighted_least_squares(torch.zeros(1, 3, 0), targets, weights, 0.0)
    close(mean, [[[1.0]]], 1e-12)
    close(weighted_variance(targets, mean, weights).sqrt(), [[0.7071068]], 1e-7)
    close(weighted_covariance(targets, mean, weights), [[[0.5]]], 1e-12)


def test_covariance_is_stationary():
    _, targets, weights = draws()
    mean = 0.1 * targets.flip(1)
    covariance = weighted_covariance(targets, mean, weights)
    close(covariance.diagonal(dim1=-2, dim2=-1), weighted_variance(targets, mean, weights), 1e-12)

    def loss(covariance):
        density = torch.distributions.MultivariateNormal(mean, covariance.unsqueeze(1), validate_args=False)
        return (weights * density.log_prob(targets)).sum()

    close(grad(loss)(covariance), torch.zeros(S, ACTIONS, ACTIONS), 1e-8)


def test_bandit_of_a_positive_return_golden():
    # R(a) = exp(-(a - a*)^2 / 2) under N(mu, 1) leaves N((mu + a*) / 2, 1 / 2), by the law of the policy itself.
    mu, best = 0.5, 2.0
    noise = torch.special.ndtri((torch.arange(100_001, dtype=torch.float64) + 0.5) / 100_001)
    action = (mu + noise).reshape(1, -1, 1)
    weights = torch.exp(-0.5 * (action - best).square()).squeeze(-1)
    mean = weighted_least_squares(torch.zeros(1, 100_001, 0), action, weights, 0.0)
    close(mean, [[[(mu + best) / 2]]], 1e-4)
    close(weighted_variance(action, mean, weights), [[0.5]], 1e-3)


def test_parameter_exploration_golden():
    # Three whole-episode perturbations of two parameters with returns 2, 1, 1: the mean moves by their average.
    noise, returns = tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.5]]), tensor([[2.0, 1.0, 1.0]])
    theta = weighted_least_squares(torch.zeros(1, 3, 0), noise.unsqueeze(0), returns, 0.0)
    close(theta, [[[0.25, 0.375]]], 1e-12)


def test_mean_step_of_exploration_with_one_noise_per_step():
    # theta' = theta + [sum W R]^-1 sum W eps R, W = phi phi^T / (phi^T Sigma phi) (Kober & Peters 2008).
    features, _, weights = draws()
    phi, sigma = with_constant(features), torch.linspace(0.5, 1.5, FEATURES + 1, dtype=torch.float64)
    g = torch.Generator().manual_seed(1)
    theta = torch.randn(FEATURES + 1, 1, generator=g, dtype=torch.float64)
    noise = sigma * torch.randn(S, N, FEATURES + 1, generator=g, dtype=torch.float64)
    action = (phi * (theta.T + noise)).sum(-1, keepdim=True)
    variance = (phi.square() * sigma.square()).sum(-1)
    outer = phi.unsqueeze(-1) * phi.unsqueeze(-2) / variance[..., None, None]
    left = (weights[..., None, None] * outer).sum(1)
    right = (weights[..., None, None] * (outer @ noise.unsqueeze(-1))).sum(1)
    found = weighted_least_squares(features, action, (weights / variance).unsqueeze(-1), 0.0)
    close(found, theta + torch.linalg.solve(left, right), 1e-10)


def exploration(seed=0):
    features, deviation, weights = draws(seed)
    g = torch.Generator().manual_seed(seed + 10)
    sigma = 0.2 + torch.rand(S, FEATURES + 1, ACTIONS, generator=g, dtype=torch.float64)
    return with_constant(features), deviation, sigma, weights


def test_exploration_step_equals_conditioning_a_joint_gaussian():
    phi, deviation, sigma, weights = exploration()
    expected = torch.zeros_like(sigma)
    for s in range(S):
        for a in range(ACTIONS):
            prior = sigma[s, :, a].square().diag()
            for i in range(N):
                cross = prior @ phi[s, i]
                gain = cross / (phi[s, i] @ cross)
                mean = gain * deviation[s, i, a]
                covariance = prior - torch.outer(gain, cross)
                second = covariance.diagonal() + mean.square()
                expected[s, :, a] += weights[s, i] / weights[s].sum() * second
    close(exploration_deviation(phi, deviation, sigma, weights), expected.sqrt(), 1e-12)


def test_exploration_step_equals_integration_over_the_parameters():
    phi, d, sigma = tensor([[[0.7, 1.0]]]), tensor([[[0.9]]]), tensor([[[0.8], [0.5]]])
    grid = torch.linspace(-8, 8, 200_001, dtype=torch.float64)
    second = 0.9 - 0.7 * grid  # the second parameter given the first and the deviation
    density = torch.exp(-0.5 * (grid / 0.8).square() - 0.5 * (second / 0.5).square())
    moments = [(density * x.square()).sum() / density.sum() for x in (grid, second)]
    found = exploration_deviation(phi, d, sigma, torch.ones(1, 1, dtype=torch.float64))
    close(found.square().flatten(), torch.stack(moments), 1e-10)


def test_the_likelihood_of_deviations_never_falls():
    phi, deviation, sigma, weights = exploration()
    previous = -math.inf
    for _ in range(300):
        std = (phi.square() @ sigma.square()).sqrt()
        likelihood = -weighted_likelihood(weights, normal_log_prob(torch.zeros_like(std), std, deviation)).sum()
        assert likelihood >= previous - 1e-12
        change, previous = likelihood - previous, likelihood
        sigma = exploration_deviation(phi, deviation, sigma, weights)
    assert change < 1e-3


def test_exploration_of_the_constant_alone_is_the_weighted_deviation():
    _, deviation, _, weights = exploration()
    ones = torch.ones(S, N, 1, dtype=torch.float64)
    sigma = exploration_deviation(ones, deviation, torch.full((S, 1, ACTIONS), 3.0, dtype=torch.float64), weights)
    close(sigma.square().squeeze(1), weighted_variance(deviation, 0 * deviation, weights), 1e-12)


def test_exploration_without_deviations_vanishes():
    phi, sigma = (
        0.1 * torch.ones(50, 1, 1, dtype=torch.float64),
        torch.linspace(0.1, 3, 50, dtype=torch.float64).reshape(50, 1, 1),
    )
    after = exploration_deviation(phi, 0 * phi, sigma, torch.ones(50, 1))
    assert (after < 1e-7).all()


def choices(dtype=torch.float64, features=FEATURES, count=3):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(S, N, features, generator=g).to(dtype)
    action = torch.nn.functional.one_hot(torch.randint(count, (S, N), generator=g), count).to(dtype)
    return x, action, torch.rand(S, N, generator=g).to(dtype), torch.zeros(S, (features + 1) * count, dtype=dtype)


def penalised(row, features, action, weights, ridge):
    theta = row.reshape(S, -1, action.shape[-1])
    log_policy = torch.log_softmax(with_constant(features) @ theta, -1)
    fit = (weights * (action * log_policy).sum(-1)).sum(-1) / weights.sum(-1)
    return fit - 0.5 * ridge * row.square().sum(-1)


@pytest.mark.parametrize("ridge", [1e-6, 0.1])
def test_softmax_fit_is_stationary(ridge):
    features, action, weights, start = choices()
    row = fit_softmax(features, action, weights, start, ridge)
    slope = grad(lambda x: penalised(x, features, action, weights, ridge).sum())(row)
    close(slope, torch.zeros_like(slope), 1e-9)
    # A concave function has one maximum, whatever the start: here one where plain Newton steps overshoot.
    far = 30 * torch.randn(start.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert torch.all(
        penalised(row, features, action, weights, ridge) > penalised(far, features, action, weights, ridge)
    )
    close(fit_softmax(features, action, weights, far, ridge, 100), row, 1e-3 if ridge < 1e-3 else 1e-8)


def test_softmax_over_a_table_is_the_weights():
    state = torch.randint(4, (S, N), generator=torch.Generator().manual_seed(3))
    table = torch.nn.functional.one_hot(state, 4).double()
    _, action, weights, _ = choices()
    row = fit_softmax(table, action, weights, torch.zeros(S, 15, dtype=torch.float64), 1e-9)
    expected = torch.einsum("sn,snf,sna->sfa", weights, table, action)
    expected = expected / expected.sum(-1, keepdim=True)
    theta = row.reshape(S, 5, 3)
    close(torch.softmax(theta[:, :4] + theta[:, 4:], -1), expected, 1e-6)


def test_softmax_likelihood_never_falls():
    # Separable choices: without the ridge the maximum is at infinity, and steps are long.
    features, action, weights, _ = choices()
    action = torch.nn.functional.one_hot(features[..., :3].argmax(-1), 3).double()
    row = 3 * torch.randn(S, 15, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    previous = penalised(row, features, action, weights, 1e-6)
    for _ in range(15):
        row = fit_softmax(features, action, weights, row, 1e-6, iterations=1)
        following = penalised(row, features, action, weights, 1e-6)
        assert (following >= previous - 1e-12).all()
        previous = following
    assert (previous > -0.05).all()


def test_bad_weights_are_reported_and_stay_with_their_seed():
    features, targets, weights = draws()
    weights[0, 3], weights[1] = math.nan, 0.0
    _, action, _, start = choices()
    for result in (
        weighted_least_squares(features, targets, weights, 0.1),
        weighted_variance(targets, 0 * targets, weights),
        weighted_covariance(targets, 0 * targets, weights),
        exploration_deviation(features, targets, torch.ones(S, FEATURES, ACTIONS), weights),
        fit_softmax(features, action, weights, start, 0.1),
    ):
        assert result[:2].isnan().all()
        assert result[2].isfinite().all()


def test_an_undetermined_fit_is_reported():
    theta = weighted_least_squares(torch.ones(1, 5, 1), torch.ones(1, 5, 1), torch.ones(1, 5), 0.0)
    assert theta.isnan().all()


@pytest.mark.parametrize("n", [37, 5000])
def test_a_seed_alone_equals_itself_among_others(n):
    features, targets, weights = draws(dtype=torch.float32, n=n)
    sigma = torch.ones(S, FEATURES + 1, ACTIONS)
    action = torch.nn.functional.one_hot(targets.argmax(-1), ACTIONS).float()
    functions = (
        (weighted_least_squares, (features, targets, weights), (1e-3,)),
        (weighted_least_squares, (features, targets[..., :1], weights.unsqueeze(-1)), (1e-3,)),
        (weighted_variance, (targets, 0 * targets, weights), ()),
        (weighted_covariance, (targets, 0 * targets, weights), ()),
        (exploration_deviation, (with_constant(features), targets, sigma, weights), ()),
        (fit_softmax, (features, action, weights, torch.zeros(S, (FEATURES + 1) * ACTIONS)), (1e-3,)),
    )
    for function, arguments, constants in functions:
        together = function(*arguments, *constants)
        for k in range(S):
            alone = function(*(x[k : k + 1].clone() for x in arguments), *constants)
            assert torch.equal(together[k : k + 1], alone), function.__name__
