"""Seed k alone equals seed k among three, bit for bit, through the loop, at full widths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny import build, loop_of, row_of

from taxon.runtime.loop import map_state

# Two updates of every phase, or a few more, at the shipped widths, batches and numbers of actions.
SHORT = {
    "sac": ["data.warmup = 40"],
    "mpo": ["data.warmup = 40", "data.steps_per_update = 3"],
    "mpo_onestep": ["data.warmup = 40", "data.steps_per_update = 3"],
    "awac": ["data.warmup = 40"],
    "awr": [
        "data.warmup = 40",
        "data.steps_per_update = 3",
        "data.episodes.value_updates = 2",
        "data.episodes.policy_updates = 2",
    ],
}


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("spec", SHORT)
def test_a_seed_never_notices_the_others(spec: str, threads: int, tmp_path: Path) -> None:
    built = build(row_of(spec, *SHORT[spec]), tmp_path)
    alone, among = loop_of(built, [1]), loop_of(built, [0, 1, 2])
    for _ in range(41 + built.DATA.steps_per_update):
        alone.step()
        among.step()
    assert min(alone.updates.values()) >= 2
    map_state(lambda one, three: torch.testing.assert_close(three[1:2], one, rtol=0, atol=0), alone.state, among.state)
    mine, theirs = alone.take_metrics(), among.take_metrics()
    for phase, metrics in mine.items():
        for name, values in metrics.items():
            assert values[0] == theirs[phase][name][1], (phase, name)
