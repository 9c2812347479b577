import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from taxon.operators.returns import (
    generalised_advantages,
    lambda_returns,
    linear_recurrence,
    n_step_returns,
    retrace,
    returns_to_go,
    td_target,
)

GAMMA = 0.99
REWARD = torch.tensor([1.0, 0.0, -1.0, 2.0], dtype=torch.float64)
NEXT_VALUE = torch.tensor([0.8, 0.6, 1.5, 1.0], dtype=torch.float64)
NONE = torch.zeros(4, dtype=torch.float64)


def close(actual, expected, atol=1e-6):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


def test_returns_of_regularised_rewards():
    """A_soft: r - eta D under every estimator (Schulman, Chen and Abbeel 2017), to known values."""
    soft = REWARD - 0.1 * torch.tensor([0.2, 0.1, 0.3, 0.05], dtype=torch.float64)
    value = torch.tensor([0.5, 0.8, 0.6, 1.5], dtype=torch.float64)
    following = (NEXT_VALUE, NONE, NONE, GAMMA)
    advantages = generalised_advantages(soft, value, *following, 0.95)
    close(advantages, [2.1759802, 0.9611698, 1.2516425, 1.485], atol=1e-7)
    close(lambda_returns(soft, *following, 0.95) - value, advantages, atol=1e-12)
    close(generalised_advantages(soft, value, *following, 0.0), [1.272, -0.216, -0.145, 1.485])
    close(td_target(soft, NEXT_VALUE, NONE, GAMMA) - value, [1.272, -0.216, -0.145, 1.485])
    close(n_step_returns(soft, *following, 2), [1.55816, 0.44045, 1.92515, 2.985])


def loop_lambda_returns(reward, next_value, terminated, ended, gamma, lambda_):
    out = torch.empty_like(reward)
    following = next_value[..., -1]  # makes the last step one-step whatever its flag says
    for t in reversed(range(reward.shape[-1])):
        trace = lambda_ * (1 - ended[..., t])
        mixed = (1 - trace) * next_value[..., t] + trace * following
        following = out[..., t] = reward[..., t] + gamma * (1 - terminated[..., t]) * mixed
    return out


def loop_retrace(reward, next_value, q, log_ratio, terminated, ended, gamma, lambda_):
    out = torch.empty_like(reward)
    for t in reversed(range(reward.shape[-1])):
        inner = next_value[..., t].clone()
        if t + 1 < reward.shape[-1]:
            trace = lambda_ * log_ratio[..., t + 1].exp().clamp(max=1) * (1 - ended[..., t])
            inner += trace * (out[..., t + 1] - q[..., t + 1])
        out[..., t] = reward[..., t] + gamma * (1 - terminated[..., t]) * inner
    return out


def loop_n_step_returns(reward, next_value, terminated, ended, gamma, n):
    """The definition, a sum per step, written for rows [N, T]."""
    out = torch.empty_like(reward)
    for row in range(reward.shape[0]):
        for t in range(reward.shape[1]):
            out[row, t] = 0
            for k in range(n):
                last = t + k
                out[row, t] += gamma**k * reward[row, last]
                if ended[row, last] or last + 1 == reward.shape[1]:
                    break
            out[row, t] += gamma ** (last - t + 1) * (1 - terminated[row, last]) * next_value[row, last]
    return out


def loop_advantages(reward, value, next_value, terminated, ended, gamma, lambda_):
    out, following = torch.empty_like(reward), torch.zeros_like(reward[..., 0])
    for t in reversed(range(reward.shape[-1])):
        delta = reward[..., t] + gamma * (1 - terminated[..., t]) * next_value[..., t] - value[..., t]
        following = out[..., t] = delta + gamma * lambda_ * (1 - ended[..., t]) * following
    return out


def random_case(seed, *shape):
    g = torch.Generator().manual_seed(seed)
    reward, value, q, ratio = torch.randn(4, *shape, generator=g, dtype=torch.float64)
    terminated = (torch.rand(shape, generator=g) < 0.1).double()
    ended = torch.maximum(terminated, (torch.rand(shape, generator=g) < 0.1).double())
    return reward, value, q, ratio, terminated, ended


def test_td_target_golden():
    # Soft target of a clipped double Q: 1 + .99 (2.5 + .2 * .7).
    next_value = torch.tensor([3.0, 2.5], dtype=torch.float64).amin(0) - 0.2 * -0.7
    one = torch.ones((), dtype=torch.float64)
    close(td_target(one, next_value, 0 * one, GAMMA), 3.6136, 1e-12)
    close(td_target(one, next_value, one, GAMMA), 1.0, 0)


def test_lambda_returns_golden():
    actual = lambda_returns(REWARD, NEXT_VALUE, NONE, NONE, GAMMA, 0.95)
    close(actual, [2.736081, 1.803807, 1.886345, 2.99])
    value = torch.tensor([0.5, 0.8, 0.6, 1.5], dtype=torch.float64)
    close(actual - value, [2.236081, 1.003807, 1.286345, 1.49])


def test_n_step_returns_golden():
    close(n_step_returns(REWARD, NEXT_VALUE, NONE, NONE, GAMMA, 2), [1.58806, 0.48015, 1.9601, 2.99])
    close(n_step_returns(REWARD, NEXT_VALUE, NONE, NONE, GAMMA, 1), td_target(REWARD, NEXT_VALUE, NONE, GAMMA), 0)


def test_generalised_advantages_golden():
    value = torch.tensor([0.5, 0.8, 0.6, 1.5], dtype=torch.float64)
    actual = generalised_advantages(REWARD, value, NEXT_VALUE, NONE, NONE, GAMMA, 0.95)
    close(actual, [2.236081, 1.003807, 1.286345, 1.49])


def test_an_n_step_return_stops_where_its_episode_does():
    ended = torch.tensor([0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    for terminated, bootstrap in ((NONE, GAMMA * 0.6), (ended, 0.0)):
        actual = n_step_returns(REWARD, NEXT_VALUE, terminated, ended, GAMMA, 3)
        close(
            actual, [1.0 + GAMMA * bootstrap, bootstrap, -1.0 + GAMMA * 2.0 + GAMMA**2 * 1.0, 2.0 + GAMMA * 1.0], 1e-12
        )


def test_returns_to_go_have_no_bootstrap():
    ended = torch.tensor([0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    close(returns_to_go(REWARD, ended, 0.5), [1.0, 0.0, -1.0 + 0.5 * 2.0, 2.0], 1e-15)
    # With nothing to bootstrap from, they are the Monte Carlo returns.
    close(returns_to_go(REWARD, NONE, GAMMA), lambda_returns(REWARD, 0 * NEXT_VALUE, NONE, NONE, GAMMA, 1.0), 1e-12)


@pytest.mark.parametrize(
    ("lambda_", "second_step_ends", "expected"),
    [
        (0.95, 0.0, [2.00624, 1.455587, 1.416095, 2.99]),
        (1.0, 0.0, [2.063977, 1.549449, 1.465100, 2.99]),
        (0.95, 1.0, [1.32175, 0.0, 1.416095, 2.99]),
    ],
)
def test_retrace_golden(lambda_, second_step_ends, expected):
    q = torch.tensor([math.nan, 1.0, 0.5, 2.0], dtype=torch.float64)
    log_ratio = torch.tensor([math.nan, 0.5, 2.0, 1.2], dtype=torch.float64).log()
    terminated = torch.tensor([0.0, second_step_ends, 0.0, 0.0], dtype=torch.float64)
    close(retrace(REWARD, NEXT_VALUE, q, log_ratio, terminated, terminated, GAMMA, lambda_), expected)


def test_truncation_bootstraps_and_termination_does_not():
    ended = torch.tensor([0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    truncated = lambda_returns(REWARD, NEXT_VALUE, NONE, ended, GAMMA, 0.95)
    terminated = lambda_returns(REWARD, NEXT_VALUE, ended, ended, GAMMA, 0.95)
    close(truncated[1], 0.0 + GAMMA * 0.6)
    close(terminated[1], 0.0)
    assert torch.equal(truncated[2:], terminated[2:])
    for flag, expected in ((NONE, GAMMA * 0.6), (ended, 0.0)):
        close(retrace(REWARD, NEXT_VALUE, 0 * NONE, 0 * NONE, flag, ended, GAMMA, 1.0)[1], expected)


def test_true_values_are_a_fixed_point_for_every_lambda():
    # A deterministic chain whose reward is its state: v_t = sum of the discounted rest, then termination.
    reward = torch.arange(1.0, 7.0, dtype=torch.float64)
    value = torch.stack([(reward[t:] * GAMMA ** torch.arange(6 - t).double()).sum() for t in range(6)])
    next_value = torch.cat([value[1:], torch.tensor([123.0]).double()])
    terminated = torch.zeros(6, dtype=torch.float64)
    terminated[-1] = 1
    for lambda_ in (0.0, 0.3, 0.95, 1.0):
        close(lambda_returns(reward, next_value, terminated, terminated, GAMMA, lambda_), value, 1e-12)
        ratio = torch.linspace(-1, 1, 6, dtype=torch.float64)
        close(retrace(reward, next_value, value, ratio, terminated, terminated, GAMMA, lambda_), value, 1e-12)


def test_lambda_one_is_monte_carlo_and_zero_is_one_step():
    discounts = GAMMA ** torch.arange(4).double()
    monte_carlo = (discounts * REWARD).sum() + GAMMA**4 * NEXT_VALUE[-1]
    close(lambda_returns(REWARD, NEXT_VALUE, NONE, NONE, GAMMA, 1.0)[0], monte_carlo, 1e-12)
    one_step = td_target(REWARD, NEXT_VALUE, NONE, GAMMA)
    close(lambda_returns(REWARD, NEXT_VALUE, NONE, NONE, GAMMA, 0.0), one_step, 0)
    close(retrace(REWARD, NEXT_VALUE, NONE, NONE, NONE, NONE, GAMMA, 0.0), one_step, 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 70), st.floats(0, 1), st.floats(0, 1))
def test_scan_equals_the_plain_loop(seed, length, gamma, lambda_):
    reward, value, q, ratio, terminated, ended = random_case(seed, 2, 3, length)
    expected = loop_lambda_returns(reward, value, terminated, ended, gamma, lambda_)
    close(lambda_returns(reward, value, terminated, ended, gamma, lambda_), expected, 1e-11)
    expected = loop_retrace(reward, value, q, ratio, terminated, ended, gamma, lambda_)
    close(retrace(reward, value, q, ratio, terminated, ended, gamma, lambda_), expected, 1e-11)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 20), st.floats(0, 1), st.integers(1, 25))
def test_n_step_returns_equal_their_definition(seed, length, gamma, n):
    reward, value, _, _, terminated, ended = random_case(seed, 3, length)
    expected = loop_n_step_returns(reward, value, terminated, ended, gamma, n)
    close(n_step_returns(reward, value, terminated, ended, gamma, n), expected, 1e-11)
    by_seed = n_step_returns(*(x.unsqueeze(1) for x in (reward, value, terminated, ended)), gamma, n)
    assert torch.equal(by_seed.squeeze(1), n_step_returns(reward, value, terminated, ended, gamma, n))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.floats(0, 1), st.floats(0, 1))
def test_advantages_are_lambda_returns_less_the_value(seed, length, gamma, lambda_):
    # v(s'_t) is v(s_{t+1}) inside an episode, and free where one ends.
    reward, value, fresh, _, terminated, ended = random_case(seed, 2, 3, length)
    ended[..., -1] = 1
    next_value = torch.where(ended > 0, fresh, value.roll(-1, -1))
    advantage = generalised_advantages(reward, value, next_value, terminated, ended, gamma, lambda_)
    close(advantage, loop_advantages(reward, value, next_value, terminated, ended, gamma, lambda_), 1e-11)
    close(advantage + value, lambda_returns(reward, next_value, terminated, ended, gamma, lambda_), 1e-11)


def test_a_long_buffer_is_exact():
    reward, value, _, _, terminated, ended = random_case(1, 1, 50_000)
    actual = lambda_returns(reward, value, terminated, ended, GAMMA, 0.95)
    close(actual, loop_lambda_returns(reward, value, terminated, ended, GAMMA, 0.95), 1e-11)


def test_recurrence_follows_the_dtype():
    ones = torch.ones(3)
    assert linear_recurrence(ones, ones).dtype == torch.float32
    close(linear_recurrence(ones, 0.5 * ones), [1.75, 1.5, 1.0], 0)
