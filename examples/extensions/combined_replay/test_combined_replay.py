"""The buffer: what it draws, step for step."""

import numpy as np
import torch
from taxon_combined_replay.source import CombinedReplay

from taxon.runtime.experience.replay import ReplayBuffer
from taxon.runtime.experience.source import source_of


def filled(data: CombinedReplay, steps: int) -> ReplayBuffer:
    """Two seeds' steps, the observation the step's number, and the reward too."""
    source = source_of(data, 2, steps * data.environments, 1, {"action": (1,)}, torch.device("cpu"))
    assert isinstance(source, ReplayBuffer)
    for step in range(steps):
        number = torch.full((2, data.environments, 1), float(step))
        answer = torch.cat([number + 1, number, torch.zeros(2, data.environments, 2)], -1)
        source.add(torch.cat([number, torch.zeros_like(number)], -1), answer, np.zeros((2, data.environments), bool))
    return source


def test_the_last_of_every_minibatch_is_the_newest() -> None:
    data = CombinedReplay(50, 4, 10, False, 1, 1, False)
    source = filled(data, 70)
    samples = source.samples([torch.Generator().manual_seed(seed) for seed in (1, 2)])
    index = samples.next(12)
    reward = samples.split(samples.take(index))["reward"]
    assert torch.equal(reward[:, 3::4], torch.full((2, 3), 69.0))
    # the others are as a replay draws them
    uniform = ReplayBuffer.draw(source, 12, [torch.Generator().manual_seed(seed) for seed in (1, 2)])
    others = [at for at in range(12) if at % 4 != 3]
    assert torch.equal(index[:, others], uniform[:, others])
    assert reward.min() >= 20


def test_several_environments_take_turns() -> None:
    data = CombinedReplay(60, 2, 10, False, 1, 1, False, environments=3)
    source = filled(data, 9)
    source.samples([])
    index = source.draw(12, [torch.Generator().manual_seed(seed) for seed in (1, 2)])
    assert torch.equal(index[:, 1::2] % 3, torch.tensor([[2, 1, 0, 2, 1, 0]] * 2))
    assert torch.equal(index[:, 1::2] // 3, torch.full((2, 6), 8))
