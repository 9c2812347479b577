"""The estimator, for emitted modules."""

from torch import Tensor

from taxon.operators.returns import n_step_returns


def averaged_returns(
    reward: Tensor,
    next_value: Tensor,
    terminated: Tensor,
    ended: Tensor,
    gamma: float,
    short: int,
    long: int,
    weight: float,
) -> Tensor:
    """(1 - weight) G^(short) + weight G^(long), as columns over time: [..., T] -> [..., T] (Daley et al. 2024)."""
    near, far = (n_step_returns(reward, next_value, terminated, ended, gamma, n) for n in (short, long))
    return (1 - weight) * near + weight * far
