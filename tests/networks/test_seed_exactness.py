"""Run eagerly on the CPU, a seed's numbers are bit for bit the same alone and among others."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import grad, grad_and_value, jvp

from taxon.networks.critic import action_values, state_values
from taxon.networks.gaussian import StateDependentNormal, StateIndependentNormal, exp_std, softplus_std
from taxon.networks.initialisers import fan_in_uniform
from taxon.networks.mlp import Mlp, affine, ensemble_init
from taxon.operators import normaliser
from taxon.operators.distributions import normal_log_prob, normal_sample, tanh_normal_log_prob
from taxon.operators.divergences import kl_mean, kl_std
from taxon.operators.duals import entropy_dual, lagrange_dual, positive
from taxon.operators.e_step import batch_weights, exponential_weights, softmax_weights, standardise, temperature_dual
from taxon.operators.functional import average, elu, seed_average, softplus
from taxon.operators.losses import squared_error, weighted_likelihood
from taxon.operators.noise import standard_normal
from taxon.operators.optimisers import adam, clip_norm, lagged, polyak, row_norm, sgd, trained
from taxon.operators.relative_entropy import start_features, value_advantage
from taxon.operators.returns import lambda_returns, td_target

OBSERVATION, ACTION, SAMPLES = 17, 6, 4
CPU = torch.device("cpu")


@pytest.fixture
def torch_threads():
    """Set the number of torch threads for one test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def step(row, loss, count):
    gradient, _ = grad_and_value(lambda p: loss(p).sum())(row.params)
    gradient = clip_norm(gradient, 40.0)
    return adam(row, gradient, 3e-4, count, weight_decay=1e-4), row_norm(gradient)


def train(seeds, batch, steps, activation, layer_norm, hidden):
    """An update that meets every kernel: sampled weights, a soft target, a decoupled M-step and all the duals."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    critic = Mlp([OBSERVATION + ACTION, *hidden, 1], activation, layer_norm, bias_init=fan_in_uniform)
    value = Mlp([OBSERVATION, *hidden, 1], activation, layer_norm)
    policy = StateDependentNormal(
        Mlp([OBSERVATION, *hidden, 2 * ACTION], activation, layer_norm), softplus_std(0.5, 1e-6)
    )
    other = StateIndependentNormal(Mlp([OBSERVATION, *hidden, ACTION], activation), exp_std(-20.0, 2.0), -1.0)
    q = lagged(torch.stack([ensemble_init(critic, g, 2) for g in generators]))
    v = trained(torch.stack([value.init(g) for g in generators]))
    p = trained(torch.stack([policy.init(g) for g in generators]))
    o = trained(torch.stack([other.init(g) for g in generators]), moments=1)
    eta = trained(torch.ones(len(seeds), 1))
    alpha = trained(torch.ones(len(seeds), ACTION))
    statistics = normaliser.empty_statistics(len(seeds), OBSERVATION)
    trace = []

    def update(k):
        nonlocal q, v, p, o, eta, alpha, statistics
        count = torch.full((len(seeds),), k)
        raw, next_observation = standard_normal(generators, 2, batch, OBSERVATION, device=CPU).unbind(1)
        action = standard_normal(generators, batch, ACTION, device=CPU).clamp(-1, 1)
        noise = standard_normal(generators, 2, SAMPLES, batch, ACTION, device=CPU)
        reward = standard_normal(generators, batch, device=CPU)
        statistics = normaliser.update_statistics(statistics, raw, 1e6)
        observation = normaliser.normalise(statistics, raw, 0.01, 5.0)
        terminated = (reward > 1.5).float()
        with_temperature = positive(eta.params)

        old_mean, old_std = policy.apply(p.params, next_observation)
        u = normal_sample(old_mean.unsqueeze(1), old_std.unsqueeze(1), noise[:, 0])
        score = action_values(critic, q.target, next_observation, torch.tanh(u)).amin(1)
        log_prob = tanh_normal_log_prob(old_mean.unsqueeze(1), old_std.unsqueeze(1), u)
        soft = (score - with_temperature.unsqueeze(-1) * log_prob).mean(1)
        y = td_target(reward, soft, terminated, 0.99)
        q, q_norm = step(q, lambda x: squared_error(action_values(critic, x, observation, action), y), count)
        v, v_norm = step(v, lambda x: squared_error(state_values(value, x, observation), y), count)

        weights = softmax_weights(score, with_temperature, 1)

        def policy_loss(x):
            mean, std = policy.apply(x, next_observation)
            fit = weighted_likelihood(weights, normal_log_prob(mean.unsqueeze(1), old_std.unsqueeze(1), u))
            fit = fit + weighted_likelihood(weights, normal_log_prob(old_mean.unsqueeze(1), std.unsqueeze(1), u))
            divergence = seed_average((kl_mean(old_mean, old_std, mean) + kl_std(old_std, std)).sum(-1))
            squashed = normal_sample(mean.unsqueeze(1), std.unsqueeze(1), noise[:, 1])
            ascent = action_values(critic, q.params, next_observation, torch.tanh(squashed)).amin(1)
            return fit + divergence - seed_average(ascent)

        p, p_norm = step(p, policy_loss, count)
        returns = lambda_returns(reward, soft, terminated, terminated, 0.99, 0.95)
        advantage = standardise(returns - state_values(value, v.params, observation))
        both = batch_weights(advantage, with_temperature) + exponential_weights(advantage, 1.0, 20.0)
        gradient, _ = grad_and_value(
            lambda x: weighted_likelihood(both, normal_log_prob(*other.apply(x, observation), action)).sum()
        )(o.params)
        o = sgd(o, gradient, 1e-3, 0.9)
        eta, eta_norm = step(
            eta,
            lambda x: temperature_dual(score, positive(x), 0.1, 1) + entropy_dual(positive(x), log_prob[:, 0], -6.0),
            count,
        )
        divergence = kl_mean(old_mean, old_std, policy.apply(p.params, next_observation)[0]).mean(1)
        alpha, alpha_norm = step(alpha, lambda x: lagrange_dual(positive(x), 1e-3, divergence), count)
        q = polyak(q, 0.005)
        acted = torch.cat([*policy.apply(p.params, observation[:, 0]), *other.apply(o.params, observation[:, 0])], -1)
        trace.append((q_norm, v_norm, p_norm, eta_norm, alpha_norm, acted))

    for k in range(1, steps + 1):
        update(k)
    return [*q, *v, *p, *o, *eta, *alpha, statistics, trace[0], trace[-1]]


def flatten(values):
    return [values] if isinstance(values, Tensor) else [t for value in values for t in flatten(value)]


@pytest.mark.parametrize(
    ("activation", "layer_norm", "hidden", "batch", "steps", "threads"),
    [
        (F.relu, "none", (256, 256), 256, 10, 1),
        (elu, "first", (256, 256), 256, 3, 1),
        (elu, "everywhere", (64, 48), 256, 20, 1),
        (F.relu, "none", (128, 64), 64, 20, 1),
        (torch.tanh, "none", (100, 36), 100, 10, 1),
        (torch.tanh, "everywhere", (33, 7), 65, 10, 1),
        (F.relu, "none", (256, 256), 256, 2, 2),
        (elu, "everywhere", (100, 36), 100, 2, 2),
    ],
)
def test_seed_two_of_five_equals_itself_alone(activation, layer_norm, hidden, batch, steps, threads, torch_threads):
    torch_threads(threads)
    five = train(range(5), batch, steps, activation, layer_norm, hidden)
    one = train([2], batch, steps, activation, layer_norm, hidden)
    for together, alone in zip(flatten(five), flatten(one), strict=True):
        assert torch.isfinite(alone.double()).all()
        assert torch.equal(together[2:3], alone)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("function", [elu, softplus, average, seed_average], ids=lambda f: f.__name__)
def test_a_seed_is_bit_for_bit_the_same_alone(function, threads, torch_threads):
    torch_threads(threads)
    for shape in ((6,), (3, 7), (256, 33), (70_000,)):
        x = torch.randn(5, *shape, generator=torch.Generator().manual_seed(0)) * 2
        both, slopes = function(x), grad(lambda y: function(y).square().sum())(x)
        for k in range(5):
            alone = x[k : k + 1].clone()
            assert torch.equal(both[k : k + 1], function(alone))
            assert torch.equal(slopes[k : k + 1], grad(lambda y: function(y).square().sum())(alone))


@pytest.mark.parametrize(("batch", "inputs", "outputs"), list(product((1, 5, 64), (3, 7, 64), (2, 6, 9, 33))))
def test_a_layer_of_any_width_and_its_derivatives(batch, inputs, outputs, torch_threads):
    """Wherever a seed's part begins, and whatever vectors the processor has; by reverse and by forward passes."""
    torch_threads(1)
    generator = torch.Generator().manual_seed(0)
    x, row = (torch.randn(4, *size, generator=generator) for size in ((batch, inputs), ((inputs + 1) * outputs,)))

    def loss(flat, x):
        weight, bias = torch.split(flat, [inputs * outputs, outputs], -1)
        y = affine(torch.tanh(x), weight.reshape(len(flat), inputs, outputs), bias)
        return torch.tanh(y).square().sum()

    def everything(flat, x):
        slope, towards = grad(loss), flat.cos()
        return (
            *grad(loss, (0, 1))(flat, x),
            jvp(lambda y: slope(y, x), (flat,), (towards,))[1],
            grad(lambda y: (slope(y, x) * towards).sum())(flat),
        )

    among = everything(row, x)
    for k in range(4):
        for together, alone in zip(among, everything(row[k : k + 1].clone(), x[k : k + 1].clone()), strict=True):
            assert torch.equal(together[k : k + 1], alone)


@pytest.mark.parametrize("features", [2, 7, 33])
def test_a_linear_value_of_any_number_of_features(features):
    generator = torch.Generator().manual_seed(0)
    draw = [torch.randn(5, *size, generator=generator) for size in ((features,), (13,), *2 * [(13, features)])]
    ended = (draw[1] > 1).float()
    among = value_advantage(*draw, ended, 0.9), start_features(draw[2], ended, torch.ones(5, 13))
    for k in range(5):
        own = [x[k : k + 1].clone() for x in (*draw, ended)]
        alone = value_advantage(*own, 0.9), start_features(own[2], own[-1], torch.ones(1, 13))
        assert all(torch.equal(together[k : k + 1], one) for together, one in zip(among, alone, strict=True))


@pytest.mark.parametrize("threads", [1, 2])
def test_statistics_of_a_whole_buffer(threads, torch_threads):
    torch_threads(threads)
    reward = torch.randn(5, 50_000, generator=torch.Generator().manual_seed(0))
    ended = (reward > 2.5).float()

    def weights(r, e):
        return exponential_weights(standardise(lambda_returns(r, r.roll(-1, -1), e, e, 0.99, 0.95)), 1.0, 20.0)

    together = weights(reward, ended)
    for k in range(5):
        assert torch.equal(together[k : k + 1], weights(reward[k : k + 1].clone(), ended[k : k + 1].clone()))
    big = torch.randn(5, 2, 70_001, generator=torch.Generator().manual_seed(0))
    norms = row_norm(big)
    for k in range(5):
        assert torch.equal(norms[k : k + 1], row_norm(big[k : k + 1].clone()))


@pytest.mark.slow
def test_everything_compiles_to_one_graph():
    critic = Mlp([OBSERVATION + ACTION, 32, 32, 1], elu, "first")
    policy = StateDependentNormal(Mlp([OBSERVATION, 32, 32, 2 * ACTION], elu, "everywhere"), exp_std(-20.0, 2.0))
    g = torch.Generator().manual_seed(0)
    q = torch.stack([ensemble_init(critic, g, 2) for _ in range(2)]).double()
    p = torch.stack([policy.init(g) for _ in range(2)]).double()
    eta = torch.ones(2, 1, dtype=torch.float64)
    observation = torch.randn(2, 8, OBSERVATION, generator=g).double()
    noise = torch.randn(2, 5, 8, ACTION, generator=g).double()

    def update(critics, p, eta, count):
        q = critics.params
        mean, std = policy.apply(p, observation)
        u = normal_sample(mean.unsqueeze(1), std.unsqueeze(1), noise)
        score = action_values(critic, q, observation, torch.tanh(u)).amin(1)
        dual, slope = temperature_dual(score, positive(eta), 0.1, 1), standardise(score[:, 0])
        y = lambda_returns(slope, slope, 0 * slope, 0 * slope, 0.99, 0.95)
        gradient, _ = grad_and_value(
            lambda x: squared_error(action_values(critic, x, observation, noise[:, 0]), y).sum()
        )(q)
        weights = softmax_weights(score, positive(eta), 1)
        policy_gradient, _ = grad_and_value(
            lambda x: weighted_likelihood(
                weights, tanh_normal_log_prob(*(m.unsqueeze(1) for m in policy.apply(x, observation)), u)
            ).sum()
        )(p)
        return adam(critics, clip_norm(gradient, 1.0), 1e-3, count), dual, clip_norm(policy_gradient, 1.0)

    arguments = (trained(q), p, eta, torch.ones(2))
    expected = flatten(update(*arguments))
    actual = flatten(torch.compile(update, fullgraph=True)(*arguments))
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-8)
