"""The operator against sums by hand, one step after the other."""

import torch
from taxon_averaged_returns.operators import averaged_returns


def by_hand(reward: list[float], value: list[float], terminated: list[int], gamma: float, t: int, n: int) -> float:
    """The n-step return from step t: to the end of the column, to a termination, or to the value after n steps."""
    total, last = 0.0, min(t + n, len(reward)) - 1
    for at in range(t, last + 1):
        total += gamma ** (at - t) * reward[at]
        if terminated[at]:
            return total
    return total + gamma ** (last - t + 1) * value[last]


def test_the_mean_of_two_returns() -> None:
    reward, value, terminated = [1.0, -2.0, 0.5, 3.0, 1.5], [0.3, 0.1, -0.4, 2.0, 0.7], [0, 0, 1, 0, 0]
    columns = (torch.tensor([column], dtype=torch.float64) for column in (reward, value, terminated, terminated))
    (found,) = averaged_returns(*columns, 0.9, 1, 3, 0.25)
    wanted = [
        0.75 * by_hand(reward, value, terminated, 0.9, t, 1) + 0.25 * by_hand(reward, value, terminated, 0.9, t, 3)
        for t in range(5)
    ]
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float64), rtol=0, atol=1e-14)
