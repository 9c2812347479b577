"""Targets of the value functions. Leading axes are arbitrary; time, where there is any, is the last axis.

`terminated` stops the bootstrap. `ended` (terminated, truncated, or the last step of what is stored) only cuts the
trace: the value at the step's own next observation still enters the target.
"""

import torch
from torch import Tensor


def td_target(reward: Tensor, next_value: Tensor, terminated: Tensor, gamma: float) -> Tensor:
    """One-step target y = r + gamma (1 - terminated) v(s'), elementwise on tensors of one shape."""
    return reward + gamma * (1 - terminated) * next_value


def linear_recurrence(value: Tensor, factor: Tensor) -> Tensor:
    """Solve G_t = value_t + factor_t G_{t+1} with G_T = 0 over the last axis: [..., T], [..., T] -> [..., T].

    The maps x -> value + factor x compose associatively, so doubling the reach of every step's map solves the
    recurrence in log2(T) vector operations (Hillis & Steele 1986) instead of T.
    """
    length = value.shape[-1]
    reach = 1
    while reach < length:
        # The last `reach` maps already extend past the end, where G is zero.
        head = slice(None, length - reach)
        tail = slice(reach, None)
        extended = value[..., head] + factor[..., head] * value[..., tail]
        value = torch.cat([extended, value[..., length - reach :]], -1)
        factor = torch.cat([factor[..., head] * factor[..., tail], torch.zeros_like(factor[..., length - reach :])], -1)
        reach *= 2
    return value


def lambda_returns(
    reward: Tensor, next_value: Tensor, terminated: Tensor, ended: Tensor, gamma: float, lambda_: float
) -> Tensor:
    """lambda-returns over the last axis: every argument and the result [..., T].

    G_t = r_t + gamma (1 - terminated_t) [(1 - l_t) v(s'_t) + l_t G_{t+1}],  l_t = lambda (1 - ended_t),
    with the last step always ended (Sutton & Barto 2018, Section 12.8). lambda = 1 is the Monte Carlo return with a
    bootstrap at a truncation, lambda = 0 the one-step target.
    """
    trace = _trace(lambda_ * (1 - ended[..., :-1]))
    discount = gamma * (1 - terminated)
    return linear_recurrence(reward + discount * (1 - trace) * next_value, discount * trace)


def n_step_returns(
    reward: Tensor, next_value: Tensor, terminated: Tensor, ended: Tensor, gamma: float, n: int
) -> Tensor:
    """n-step returns over the last axis, n >= 1: every argument and the result [..., T].

    G_t = sum_{k<m} gamma^k r_{t+k} + gamma^m v(s'_{t+m-1}) with m the smaller of n and the number of steps up to and
    including the episode's end; no bootstrap after a termination; the last step always ends (Sutton & Barto 2018,
    Section 7.1).
    """
    trace = _trace(1 - ended[..., :-1])
    discount = gamma * (1 - terminated)
    target = reward + discount * next_value
    for _ in range(min(n, reward.shape[-1]) - 1):
        following = torch.where(trace > 0, target.roll(-1, -1), next_value)
        target = reward + discount * following
    return target


def generalised_advantages(
    reward: Tensor,
    value: Tensor,
    next_value: Tensor,
    terminated: Tensor,
    ended: Tensor,
    gamma: float,
    lambda_: float,
) -> Tensor:
    """Generalised advantages over the last axis: every argument and the result [..., T] (Schulman et al. 2016, Eq. 16).

    A_t = delta_t + gamma lambda (1 - ended_t) A_{t+1},  delta_t = r_t + gamma (1 - terminated_t) v(s'_t) - v(s_t).
    A termination must be marked as an end too. A + v is the lambda-return.
    """
    delta = td_target(reward, next_value, terminated, gamma) - value
    return linear_recurrence(delta, gamma * lambda_ * (1 - ended))


def returns_to_go(reward: Tensor, ended: Tensor, gamma: float) -> Tensor:
    """Sum of the discounted rewards up to the episode's end, with no bootstrap at all: [..., T], [..., T] -> [..., T].

    G_t = r_t + gamma (1 - ended_t) G_{t+1}.
    """
    return linear_recurrence(reward, gamma * (1 - ended))


def retrace(
    reward: Tensor,
    next_value: Tensor,
    q: Tensor,
    log_ratio: Tensor,
    terminated: Tensor,
    ended: Tensor,
    gamma: float,
    lambda_: float,
) -> Tensor:
    """Retrace targets over the last axis: every argument and the result [..., T] (Munos et al. 2016).

    G_t = r_t + gamma (1 - terminated_t) [v(s'_t) + c_{t+1} (G_{t+1} - Q(s_{t+1}, a_{t+1}))],
    c_{t+1} = lambda min(1, pi(a_{t+1}|s_{t+1}) / b(a_{t+1}|s_{t+1})) (1 - ended_t), zero after the last step.
    `log_ratio` is log pi - log b at the stored actions; neither it nor `q` is used at t = 0.
    """
    ratio = torch.exp(log_ratio[..., 1:].clamp(max=0.0))
    trace = _trace(lambda_ * ratio * (1 - ended[..., :-1]))
    discount = gamma * (1 - terminated)
    correction = next_value - trace * torch.cat([q[..., 1:], torch.zeros_like(q[..., :1])], -1)
    return linear_recurrence(reward + discount * correction, discount * trace)


def _trace(inner: Tensor) -> Tensor:
    """Append the zero trace that follows the last step: [..., T - 1] -> [..., T]."""
    return torch.nn.functional.pad(inner, (0, 1))
