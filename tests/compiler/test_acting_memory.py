"""What acting keeps, in the loop: begun anew with an episode, kept by a frozen seed, and free where it is empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import SMALL, build, loop_of, row_of
from torch.utils._python_dispatch import TorchDispatchMode

from taxon.runtime.loop.loop import Loop

NOISE = "exploration = ornstein_uhlenbeck(theta = 0.15, sigma = 0.2)"


def acting(tmp_path: Path, *sets: str, steps: int) -> Loop:
    loop = loop_of(build(row_of("ddpg", *SMALL, "data.random_warmup = false", *sets), tmp_path), [3, 4])
    while loop.steps < steps:
        loop.step()
    return loop


def test_the_noise_is_that_of_its_own_draws_since_the_episode_began(tmp_path: Path) -> None:
    """x <- 0.85 x + 0.2 xi from 0 with each episode: the same draws, summed by hand."""
    loop = acting(tmp_path, NOISE, steps=0)
    draws = [generator.clone_state() for generator in loop.streams.acting]
    process = torch.zeros(2, 1, 2)
    for _ in range(18):
        begins = torch.from_numpy(loop.collector.rows)[..., 6].clone()
        loop.step()
        noise = loop.agent.act_noise(draws, 1, loop.device)
        process = 0.85 * process * (1 - begins.unsqueeze(-1)) + 0.2 * noise
        torch.testing.assert_close(loop.carry.memory.exploration, process)


def test_a_frozen_seed_keeps_its_memory(tmp_path: Path) -> None:
    loop = acting(tmp_path, NOISE, steps=12)
    loop.fail(1, "a test")
    before = loop.carry.memory.exploration.clone()
    loop.step()
    assert torch.equal(loop.carry.memory.exploration[1], before[1])
    assert not torch.equal(loop.carry.memory.exploration[0], before[0])


def test_a_memory_that_is_not_finite_is_reported(tmp_path: Path) -> None:
    loop = acting(tmp_path, NOISE, steps=11)
    loop.carry.memory.exploration[1] = torch.nan
    loop.step()
    while 1 not in loop.frozen():
        assert loop.collector.lengths[1] == 0  # the episode had just begun: from 0
        loop.carry.memory.exploration[1] = torch.nan
        loop.step()
    assert loop.diagnose() == {1: "exploration of its memory, then its action"}


class Operations(TorchDispatchMode):
    """The names of all operations."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(("exploration", "selects"), [("exploration = gaussian(std = 0.1)", 0), (NOISE, 1)])
def test_an_empty_memory_costs_nothing(exploration: str, selects: int, tmp_path: Path) -> None:
    """Beginning anew is one selection for each tensor of the memory, and none where there is none."""
    loop = acting(tmp_path, exploration, steps=12)
    rows, noise = torch.from_numpy(loop.collector.rows), loop.agent.act_noise(loop.streams.acting, 1, loop.device)
    with Operations() as made:
        loop._acts(False)(loop.carry, rows, noise)
    assert made.names.count("aten.where.self") == selects
