"""On the data of the policy itself every importance ratio is 1, wherever its mean is.

The densities of behaviour and policy are one function of the stored action: two formulas agree near the middle of the
box and fall apart where tanh is flat.
"""

from __future__ import annotations

import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from tiny import SMALL, build, leaf_of, loop_of, row_of, with_leaf

from taxon.operators.distributions import atanh_clamped, tanh_normal_log_prob

HEADS = {
    "normal": ("pi_theta = normal(mean(s), cov(s))",),
    "vector": ("pi_theta = normal(mean(s), cov)",),
    "full": ("pi_theta = normal(mean(s), cov(s))", "pi_theta.structure = full"),
    "tanh": ("pi_theta = tanh(normal(mean(s), cov(s)))",),
    "tanh_vector": ("pi_theta = tanh(normal(mean(s), cov))",),
    "tanh_full": ("pi_theta = tanh(normal(mean(s), cov(s)))", "pi_theta.base.structure = full"),
    "mixture": ("pi_theta = mixture(3, normal(mean(s), cov(s)))",),
    "tanh_mixture": ("pi_theta = tanh(mixture(3, normal(mean(s), cov(s))))",),
}
# with a deviation of 1e-6 rounding of the mean alone would be many deviations
PLAIN = (*SMALL, "pi_p.update = sg", "bounds = none", "network.policy.std = exp(low = -1, high = 1)")
WINDOWS = (*PLAIN, "data.sequences.length = 4", "data.steps_per_update = 4")
EPISODES = (
    *PLAIN,
    "data = replay(capacity = 60, batch = 4, warmup = 20) + episodes(value_updates = 1, policy_updates = 1)",
)
ROUND = (
    "network.hidden = [8, 6]",
    "data.batch = 8",
    "data.environments = 4",
    "data.steps = 6",
    "data.value_epochs = 1",
)


class Spied:
    """Functions of a module that remember what they were called with."""

    def __init__(self, built: ModuleType, *names: str) -> None:
        self.calls: list[tuple[Any, ...]] = []
        for name in names:
            if hasattr(built, name):
                setattr(built, name, self._spied(getattr(built, name)))

    def _spied(self, function: Any) -> Any:
        def spied(*arguments: Any) -> Any:
            self.calls.append(arguments)
            return function(*arguments)

        return spied


def far_out(built: ModuleType) -> Any:
    """A loop whose policy has means from the middle of the box to far outside of it."""
    loop = loop_of(built, (3, 4), 400)
    before = leaf_of(loop.state, "policy")
    policy = before + 1.5 * torch.randn(before.shape, generator=torch.Generator().manual_seed(1))
    state = with_leaf(loop.state, "policy", policy)
    if hasattr(state.policy, "target"):
        state = with_leaf(state, "policy.target", policy.clone())
    loop.carry = loop.carry._replace(state=state)
    return loop


def untracked(x: torch.Tensor) -> torch.Tensor:
    """The numbers of a tensor that a gradient is being taken of."""
    functorch = torch._C._functorch
    return functorch.get_unwrapped(x) if functorch.is_gradtrackingtensor(x) else x


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("data", ["windows", "episodes"])
def test_retrace_keeps_its_own_actions_whole(data: str, head: str, tmp_path: Path) -> None:
    row = row_of("mpo", *(WINDOWS if data == "windows" else EPISODES), *HEADS[head], actions="continuous")
    built = build(row, tmp_path)
    spied, loop = Spied(built, "retrace"), far_out(built)
    while not spied.calls:
        loop.step()
    log_ratio = spied.calls[0][3]
    if "tanh" in head:
        rows = loop.source.layout.split(loop.source.rows)["action"]
        assert (rows[:, :, :20].abs() > 1 - 1e-6).any()
    # what remains is rounding of the mean, which is computed for another number of states
    torch.testing.assert_close(log_ratio, torch.zeros_like(log_ratio), atol=2e-2, rtol=0)


@pytest.mark.parametrize("head", ["normal", "vector", "full", "tanh", "tanh_vector", "tanh_full", "softmax"])
@pytest.mark.parametrize("spec", ["ppo", "ppo_clip", "trpo"])
def test_ratios_begin_at_one(spec: str, head: str, tmp_path: Path) -> None:
    ratios_begin_at_one(spec, HEADS.get(head, ()), "discrete" if head == "softmax" else "continuous", tmp_path)


@pytest.mark.parametrize("head", ["mixture", "tanh_mixture"])
def test_ratios_of_a_mixture_begin_at_one(head: str, tmp_path: Path) -> None:
    ratios_begin_at_one("ppo_clip", HEADS[head], "continuous", tmp_path)


@pytest.mark.parametrize("spec", ["ppo_clip", "trpo"])
def test_ratios_of_beta_begin_at_one(spec: str, tmp_path: Path) -> None:
    ratios_begin_at_one(spec, ("pi_theta = beta",), "continuous", tmp_path)


def ratios_begin_at_one(spec: str, head: tuple[str, ...], kind: str, tmp_path: Path) -> None:
    sets = ROUND if spec == "trpo" else (*ROUND, "data.policy_epochs = 1")
    built = build(row_of(spec, *sets, *head, actions=kind), tmp_path)
    spied, loop = Spied(built, "surrogate", "clipped_surrogate"), far_out(built)
    while not spied.calls:
        loop.step()
    log_prob, old_log_prob = map(untracked, spied.calls[0][:2])
    torch.testing.assert_close(log_prob, old_log_prob, atol=2e-2, rtol=0)


@pytest.mark.parametrize("mean", [0.0, 3.0, 7.0, 8.0, 9.0, 20.0])
def test_the_stored_density_is_that_of_the_stored_action(mean: float) -> None:
    """In float64, with the Jacobian of tanh at the very number that float32 stores."""
    generator = torch.Generator().manual_seed(0)
    u = mean + 0.5 * torch.randn(1000, 1, generator=generator)
    action = torch.tanh(u)
    stored = action.double().clamp(-1 + 1e-6, 1 - 1e-6)
    v = 0.5 * (torch.log1p(stored) - torch.log1p(-stored))
    exact = -0.5 * ((v - mean) / 0.5) ** 2 - math.log(0.5 * math.sqrt(2 * math.pi)) - torch.log1p(-(stored**2))
    found = tanh_normal_log_prob(torch.tensor(mean), torch.tensor(0.5), atanh_clamped(action, 1e-6))
    # one unit in float32's last place of 1 - |a| moves u by 0.03 where |a| is the largest that is told from 1
    torch.testing.assert_close(found.double(), exact.squeeze(-1), atol=0.3, rtol=0.05)
